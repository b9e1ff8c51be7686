// html.hpp - the pieces that a page is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace host {

// For text and for attributes in quotes.
std::string escape_html(std::string_view text);

std::string base64(std::span<const uint8_t> bytes);

// A number in large in a list <dl class="cards">.
std::string html_card(const std::string& label, const std::string& value, const std::string& note);

struct PictureSize {
  uint32_t w, h;
};

// Of a PNG file; none if it is not one.
std::optional<PictureSize> png_size(std::span<const uint8_t> file);

// The page from <!DOCTYPE html> on. It may load nothing, run no script and asks for nothing from
// the network, whatever is in the body.
std::string html_page(const std::string& title, const std::string& body);

}  // namespace host
