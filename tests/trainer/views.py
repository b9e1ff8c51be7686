"""sslcuda_random_normal and sslcuda_augment in NumPy and float64, as sslcuda.h describes them."""

import numpy

ARRAY, VIEW, NOISE, DROP = range(4)  # the quarters of a sequence's places
PLAIN = {"scale": (1, 1), "ratio": (1, 1), "degrees": 0, "shear": 0, "translate": 0,
         "contrast": 0, "blur": 0, "sigma": (1, 1), "noise": 0, "drop": 0}


def philox(seed, sequence, purpose, count):
    """The first `count` blocks for a purpose, [count, 4] uint32. Philox4x32-10."""
    low = numpy.uint64(0xFFFFFFFF)
    half = numpy.uint64(32)
    place = numpy.arange(count, dtype=numpy.uint64) + numpy.uint64(purpose << 62)
    c = [place & low, place >> half,
         numpy.full(count, sequence & 0xFFFFFFFF, numpy.uint64),
         numpy.full(count, sequence >> 32, numpy.uint64)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        one, other = numpy.uint64(0xD2511F53) * c[0], numpy.uint64(0xCD9E8D57) * c[2]
        c = [(other >> half) ^ c[1] ^ numpy.uint64(k[0]), other & low,
             (one >> half) ^ c[3] ^ numpy.uint64(k[1]), one & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return numpy.stack(c, 1)


def uniform(words):
    return (words >> numpy.uint64(8)).astype(float) * 2.0**-24


def normal(words):
    """Box-Muller: a pair of numbers from each pair of words."""
    pairs = words.astype(float).reshape(-1, 2) * 2.0**-32
    radius = numpy.sqrt(-2 * numpy.log(pairs[:, 0] + 2.0**-33))
    angle = 2 * numpy.pi * pairs[:, 1]
    return numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle)], 1).ravel()


def normal_array(seed, sequence, shape):
    count = int(numpy.prod(shape))
    return normal(philox(seed, sequence, ARRAY, -(-count // 4)))[:count].reshape(shape)


def warp(images, s, draws):
    """images [v, h, w], of each its view; pixels outside are 0."""
    count, h, w = images.shape
    column = lambda i: draws[:, i, None, None]
    between = lambda i, low, high: low + (high - low) * column(i)
    q, p = numpy.arange(w)[None, None, :], numpy.arange(h)[None, :, None]
    area, ratio = between(0, *s["scale"]), s["ratio"][0] * (s["ratio"][1] / s["ratio"][0]) ** column(1)
    across = numpy.minimum(1, numpy.sqrt(area * ratio))
    down = numpy.minimum(1, numpy.sqrt(area / ratio))
    x = q - (w - 1) / 2 - w * between(6, -s["translate"], s["translate"])
    y = p - (h - 1) / 2 - h * between(7, -s["translate"], s["translate"])
    x = x - numpy.tan(numpy.radians(between(5, -s["shear"], s["shear"]))) * y
    turn = numpy.radians(between(4, -s["degrees"], s["degrees"]))
    x, y = numpy.cos(turn) * x - numpy.sin(turn) * y, numpy.sin(turn) * x + numpy.cos(turn) * y
    x = column(2) * (1 - across) * w + across * (w / 2 + x) - 0.5
    y = column(3) * (1 - down) * h + down * (h / 2 + y) - 0.5
    left, top = numpy.floor(x).astype(int), numpy.floor(y).astype(int)
    rim = numpy.pad(images, ((0, 0), (1, 1), (1, 1)))
    result = 0
    for row in (top, top + 1):
        for at in (left, left + 1):
            pixel = rim[numpy.arange(count)[:, None, None], numpy.clip(row + 1, 0, h + 1),
                        numpy.clip(at + 1, 0, w + 1)]
            result = result + (1 - abs(y - row)) * (1 - abs(x - at)) * pixel
    return result


def blur(images, s, draws):
    """Separable, the edges go on outside; written as a matrix for each side of each image."""
    sigma = s["sigma"][0] + (s["sigma"][1] - s["sigma"][0]) * draws[:, 12]
    radius = numpy.where(draws[:, 11] < numpy.float32(s["blur"]), numpy.ceil(3 * sigma), 0)
    offsets = numpy.arange(-9, 10)
    weights = numpy.exp(-0.5 * (offsets / sigma[:, None]) ** 2) * (abs(offsets) <= radius[:, None])
    weights /= weights.sum(1, keepdims=True)

    def matrix(size):
        result = numpy.zeros((len(images), size, size))
        for i in range(size):
            for k, offset in enumerate(offsets):
                result[:, i, min(max(i + offset, 0), size - 1)] += weights[:, k]
        return result

    across = matrix(images.shape[2])
    return matrix(images.shape[1]) @ images @ across.transpose(0, 2, 1)


def augment(images, count, settings, seed, sequence):
    """`count` views of images [n, h, w]: [count n, h, w], first views first."""
    s = PLAIN | settings
    views = numpy.concatenate([images] * count)
    words = philox(seed, sequence, VIEW, 4 * len(views)).reshape(len(views), 16)
    draws = uniform(words)
    if settings.keys() & {"scale", "ratio", "degrees", "shear", "translate"}:
        views = warp(views, s, draws)
    views = views * (1 + s["contrast"] * (2 * draws[:, 10] - 1))[:, None, None]
    if s["blur"]:
        views = blur(views, s, draws)
    pixels = views[0].size
    blocks = -(-pixels // 4)

    def of_pixels(purpose, numbers):
        all_blocks = numbers(philox(seed, sequence, purpose, len(views) * blocks))
        return all_blocks.reshape(len(views), 4 * blocks)[:, :pixels].reshape(views.shape)

    if s["noise"]:
        views = views + s["noise"] * of_pixels(NOISE, normal)
    if s["drop"]:
        views = numpy.where(of_pixels(DROP, uniform) < numpy.float32(s["drop"]), 0, views)
    return views
