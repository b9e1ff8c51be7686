#include "capi/call.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_graph_begin(sslcuda_context* ctx) {
  return call(ctx, __func__, [&](Context& context) { context.graph_begin(); });
}

sslcuda_status sslcuda_graph_end(sslcuda_context* ctx, sslcuda_graph** graph) {
  return call(ctx, __func__, [&](Context& context) {
    if (!graph) fail(SSLCUDA_NULL_POINTER, "graph must not be NULL");
    *graph = context.graph_end();
  });
}

sslcuda_status sslcuda_graph_launch(sslcuda_context* ctx, sslcuda_graph* graph) {
  return call(ctx, __func__, [&](Context& context) {
    if (!graph) fail(SSLCUDA_NULL_POINTER, "graph must not be NULL");
    context.graph_launch(graph);
  });
}

sslcuda_status sslcuda_graph_destroy(sslcuda_context* ctx, sslcuda_graph* graph) {
  return call(ctx, __func__, [&](Context& context) { context.graph_destroy(graph); });
}
