#include "host/report/canvas.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace host {
namespace {

constexpr const char* kFont = "DejaVu Sans";
constexpr double kMiddle = 0.36;  // of a text, in font sizes above its base line

}  // namespace

Canvas::Canvas(int width, int height, double scale)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                          static_cast<int>(std::lround(width * scale)),
                                          static_cast<int>(std::lround(height * scale)))),
      cairo_(cairo_create(surface_)) {
  cairo_scale(cairo_, scale, scale);
  set({1, 1, 1});
  cairo_paint(cairo_);
}

Canvas::~Canvas() {
  cairo_destroy(cairo_);
  cairo_surface_destroy(surface_);
}

void Canvas::line(double x0, double y0, double x1, double y1) {
  cairo_move_to(cairo_, x0, y0);
  cairo_line_to(cairo_, x1, y1);
  cairo_stroke(cairo_);
}

void Canvas::select_font(double size, bool bold) {
  cairo_select_font_face(cairo_, kFont, CAIRO_FONT_SLANT_NORMAL,
                         bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo_, size);
}

double Canvas::text_width(const std::string& words, double size, bool bold) {
  select_font(size, bold);
  cairo_text_extents_t extents;
  cairo_text_extents(cairo_, words.c_str(), &extents);
  return extents.x_advance;
}

void Canvas::text(double x, double y, const std::string& words, double size, Align align,
                  bool bold) {
  const double width = text_width(words, size, bold);
  const double shift = align == Align::kLeft ? 0 : align == Align::kCentre ? width / 2 : width;
  cairo_move_to(cairo_, x - shift, y + kMiddle * size);
  cairo_show_text(cairo_, words.c_str());
}

void Canvas::vertical_text(double x, double y, const std::string& words, double size) {
  cairo_save(cairo_);
  cairo_translate(cairo_, x, y);
  cairo_rotate(cairo_, -std::numbers::pi / 2);
  text(0, 0, words, size, Align::kCentre);
  cairo_restore(cairo_);
}

void Canvas::rimmed_text(double x, double y, const std::string& words, double size) {
  constexpr double kRim = 3.5;
  const double width = text_width(words, size, true);
  cairo_move_to(cairo_, x - width / 2, y + kMiddle * size);
  cairo_text_path(cairo_, words.c_str());
  cairo_set_line_width(cairo_, kRim);
  cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
  set({1, 1, 1, 0.9});
  cairo_stroke_preserve(cairo_);
  set({0, 0, 0});
  cairo_fill(cairo_);
}

void Canvas::dot(double x, double y, double radius) {
  cairo_arc(cairo_, x, y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(cairo_);
}

void Canvas::rectangle(double x, double y, double width, double height) {
  cairo_rectangle(cairo_, x, y, width, height);
  cairo_fill(cairo_);
}

void Canvas::image(double x, double y, const Pixel* pixels, int64_t h, int64_t w, double cell) {
  const auto width = static_cast<int>(w), height = static_cast<int>(h);
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  unsigned char* bytes = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int i = 0; i < height; ++i) {
    std::copy_n(pixels + static_cast<ptrdiff_t>(i) * width, width,
                reinterpret_cast<Pixel*>(bytes + static_cast<ptrdiff_t>(i) * stride));
  }
  cairo_surface_mark_dirty(surface);
  cairo_save(cairo_);
  cairo_translate(cairo_, x, y);
  cairo_scale(cairo_, cell, cell);
  cairo_set_source_surface(cairo_, surface, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cairo_), CAIRO_FILTER_NEAREST);
  cairo_paint(cairo_);
  cairo_restore(cairo_);
  cairo_surface_destroy(surface);
}

std::string Canvas::png() {
  std::string bytes;
  const auto append = [](void* out, const unsigned char* data, unsigned int length) {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), length);
    return CAIRO_STATUS_SUCCESS;
  };
  const cairo_status_t status = cairo_surface_write_to_png_stream(surface_, append, &bytes);
  if (status != CAIRO_STATUS_SUCCESS) throw std::runtime_error(cairo_status_to_string(status));
  return bytes;
}

}  // namespace host
