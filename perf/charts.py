"""Charts as inline SVG, for page. Colours are CSS classes, so that they follow light and dark."""

import html
import math

WIDTH, HEIGHT = 460, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 12, 40
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def escape(text):
    return html.escape(str(text), quote=True)


def power(exponent):
    return f"10{str(exponent).translate(SUPERSCRIPTS)}" if abs(exponent) > 3 else (
        f"{10 ** exponent:g}")


class LogAxis:
    """Positions of values between two powers of `base` that hold them all."""

    def __init__(self, values, start, end, base=10):
        logs = [math.log(value, base) for value in values]
        self.low, self.high = math.floor(min(logs)), math.ceil(max(logs))
        self.high = max(self.high, self.low + 1)
        self.start, self.end, self.base = start, end, base

    def __call__(self, value):
        share = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self):
        step = max(1, (self.high - self.low) // 7)
        return range(self.low, self.high + 1, step)

    def label(self, exponent):
        return power(exponent) if self.base == 10 else f"{self.base ** exponent:g}"


class Chart:
    """A frame with two logarithmic axes, to which marks are added."""

    def __init__(self, xs, ys, x_title, y_title, x_base=10):
        self.x = LogAxis(xs, LEFT, WIDTH - RIGHT, x_base)
        self.y = LogAxis(ys, HEIGHT - BOTTOM, TOP)
        self.parts = []
        for exponent in self.x.ticks():
            at = self.x(self.x.base ** exponent)
            self.line("grid", at, TOP, at, HEIGHT - BOTTOM)
            self.text(at, HEIGHT - BOTTOM + 16, self.x.label(exponent), "middle")
        for exponent in self.y.ticks():
            at = self.y(10.0 ** exponent)
            self.line("grid", LEFT, at, WIDTH - RIGHT, at)
            self.text(LEFT - 6, at + 4, self.y.label(exponent), "end")
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_title, "middle")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.parts.append(f'<text transform="translate(13 {middle:.0f}) rotate(-90)" '
                          f'text-anchor="middle">{escape(y_title)}</text>')

    def line(self, kind, x1, y1, x2, y2):
        self.parts.append(
            f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def text(self, x, y, text, anchor="start"):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def point(self, x, y, colour, title, hollow=False):
        kind = f"point c{colour}" + (" hollow" if hollow else "")
        self.parts.append(f'<circle class="{kind}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" '
                          f'r="4.5"><title>{escape(title)}</title></circle>')

    def curve(self, points, colour, title):
        """A line through (x, y) with a point at each."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.parts.append(f'<polyline class="curve c{colour}" points="{path}"/>')
        for x, y in points:
            self.point(x, y, colour, f"{title}: {y:.4g} at {x:g}")

    def svg(self, description):
        return (f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
                f'aria-label="{escape(description)}">{"".join(self.parts)}</svg>')


def legend(entries):
    """(name, colour) pairs; colour None is a line of text."""
    items = "".join(f'<li><span class="key c{colour}"></span>{escape(name)}</li>'
                    for name, colour in entries)
    return f'<ul class="legend">{items}</ul>'


class Strips:
    """Rows of dots on one logarithmic scale of ratios; they stretch with the page."""

    def __init__(self, ratios):
        largest = max([abs(math.log2(ratio)) for ratio in ratios] + [1])
        self.limit = min(math.ceil(largest), 6)

    def position(self, ratio):
        share = max(-1, min(1, math.log2(ratio) / self.limit))
        return 50 + 48 * share

    def axis(self):
        step = 1 if self.limit <= 3 else 2
        exponents = range(-(self.limit // step) * step, self.limit + 1, step)
        labels = "".join(
            f'<text x="{self.position(2.0 ** e):.1f}%" y="12" text-anchor="middle">'
            f'{self.label(e)}</text>' for e in exponents)
        return f'<svg class="strip" height="16">{labels}</svg>'

    @staticmethod
    def label(exponent):
        return f"{2 ** exponent}×" if exponent >= 0 else f"1/{2 ** -exponent}"

    def row(self, dots):
        """dots: (ratio, colour, title)"""
        marks = "".join(
            f'<circle class="point c{colour}" cx="{self.position(ratio):.2f}%" cy="9" r="4.5">'
            f'<title>{escape(title)}</title></circle>' for ratio, colour, title in dots)
        return ('<svg class="strip" height="18"><line class="grid" x1="2%" x2="98%" y1="9" y2="9"/>'
                f'<line class="even" x1="50%" x2="50%" y1="0" y2="18"/>{marks}</svg>')
