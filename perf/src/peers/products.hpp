// products.hpp - the peer of an op that is little else than products.
#pragma once

#include "perf/src/peers/cublas.hpp"
#include "perf/src/peers/onednn.hpp"

namespace sslcuda::perf {

inline void add_products(const Library& library, const std::vector<Product>& products,
                         const std::string& computes, Case* c) {
  if (library.on_cpu()) {
    c->add_peer("oneDNN", [&] { return onednn::products(products, computes); });
  } else {
    c->add_peer("cuBLASLt", [&] { return cublas::products(library, products, computes); });
  }
}

}  // namespace sslcuda::perf
