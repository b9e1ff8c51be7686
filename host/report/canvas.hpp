// canvas.hpp - a picture that is drawn on with cairo and ends as the bytes of a PNG.
#pragma once

#include <cairo.h>

#include <cstdint>
#include <string>

namespace host {

struct Colour {
  double r, g, b, a = 1.0;
};

using Pixel = uint32_t;  // 0xRRGGBB

enum class Align { kLeft, kCentre, kRight };

class Canvas {
 public:
  // White. `scale` pixels per unit of length.
  Canvas(int width, int height, double scale);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  cairo_t* cairo() { return cairo_; }

  void set(Colour colour) { cairo_set_source_rgba(cairo_, colour.r, colour.g, colour.b, colour.a); }
  void line(double x0, double y0, double x1, double y1);
  // The middle of the text's height lies on y.
  void text(double x, double y, const std::string& words, double size, Align align,
            bool bold = false);
  double text_width(const std::string& words, double size, bool bold = false);
  // The same, reading upwards and centred on (x, y).
  void vertical_text(double x, double y, const std::string& words, double size);
  // Bold, with a white rim that keeps it readable on top of a drawing.
  void rimmed_text(double x, double y, const std::string& words, double size);
  void dot(double x, double y, double radius);
  void rectangle(double x, double y, double width, double height);
  // h x w pixels, each drawn as a square of `cell`.
  void image(double x, double y, const Pixel* pixels, int64_t h, int64_t w, double cell);

  std::string png();

 private:
  void select_font(double size, bool bold);

  cairo_surface_t* surface_;
  cairo_t* cairo_;
};

}  // namespace host
