// ops.hpp - the ops of the suite, by the name that problem files use.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "perf/src/case.hpp"
#include "perf/src/problem.hpp"

namespace sslcuda::perf {

struct Op {
  Case (*make)(const Problem&, const Library&);
  bool any_dtype = false;
};

Case matmul(const Problem& problem, const Library& library);
Case linear_forward(const Problem& problem, const Library& library);
Case linear_backward(const Problem& problem, const Library& library);
Case linear_mse(const Problem& problem, const Library& library);
Case conv2d_forward(const Problem& problem, const Library& library);
Case conv2d_backward(const Problem& problem, const Library& library);
Case norm_forward(const Problem& problem, const Library& library);
Case norm_backward(const Problem& problem, const Library& library);
Case pool2d_forward(const Problem& problem, const Library& library);
Case pool2d_backward(const Problem& problem, const Library& library);
Case reparameterize_forward(const Problem& problem, const Library& library);
Case reparameterize_backward(const Problem& problem, const Library& library);
Case l2_normalize_forward(const Problem& problem, const Library& library);
Case l2_normalize_backward(const Problem& problem, const Library& library);
Case similarity_forward(const Problem& problem, const Library& library);
Case similarity_backward(const Problem& problem, const Library& library);
Case infonce(const Problem& problem, const Library& library);
Case contrastive(const Problem& problem, const Library& library);
Case cross_entropy(const Problem& problem, const Library& library);
Case binary_cross_entropy(const Problem& problem, const Library& library);
Case mse(const Problem& problem, const Library& library);
Case adam(const Problem& problem, const Library& library);
Case sgd(const Problem& problem, const Library& library);
Case lars(const Problem& problem, const Library& library);
Case random_uniform(const Problem& problem, const Library& library);
Case random_normal(const Problem& problem, const Library& library);
Case gather_images(const Problem& problem, const Library& library);
Case gather_rows(const Problem& problem, const Library& library);
Case rotate90(const Problem& problem, const Library& library);
Case rotate(const Problem& problem, const Library& library);
Case augment(const Problem& problem, const Library& library);

inline const std::map<std::string, Op> kOps = {
    {"matmul", {matmul, true}},
    {"linear_forward", {linear_forward, true}},
    {"linear_backward", {linear_backward, true}},
    {"linear_mse", {linear_mse, true}},
    {"conv2d_forward", {conv2d_forward}},
    {"conv2d_backward", {conv2d_backward}},
    {"norm_forward", {norm_forward}},
    {"norm_backward", {norm_backward}},
    {"pool2d_forward", {pool2d_forward}},
    {"pool2d_backward", {pool2d_backward}},
    {"reparameterize_forward", {reparameterize_forward}},
    {"reparameterize_backward", {reparameterize_backward}},
    {"l2_normalize_forward", {l2_normalize_forward}},
    {"l2_normalize_backward", {l2_normalize_backward}},
    {"similarity_forward", {similarity_forward, true}},
    {"similarity_backward", {similarity_backward, true}},
    {"infonce", {infonce, true}},
    {"contrastive", {contrastive, true}},
    {"cross_entropy", {cross_entropy}},
    {"binary_cross_entropy", {binary_cross_entropy}},
    {"mse", {mse}},
    {"adam", {adam}},
    {"sgd", {sgd}},
    {"lars", {lars}},
    {"random_uniform", {random_uniform}},
    {"random_normal", {random_normal}},
    {"gather_images", {gather_images}},
    {"gather_rows", {gather_rows}},
    {"rotate90", {rotate90}},
    {"rotate", {rotate}},
    {"augment", {augment}},
};

}  // namespace sslcuda::perf
