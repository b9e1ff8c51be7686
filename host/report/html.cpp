#include "host/report/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace host {
namespace {

// The policy forbids what no page of ours does, should markup ever slip through.
constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
)";

// Colours are variables, so that the dark scheme is six lines. Pictures keep their white paper.
constexpr const char* kStyle = R"(
:root { --page: #f6f7f9; --card: #fff; --text: #1b1f24; --quiet: #57606a; --line: #d5dae0; --mark: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --card: #181e25; --text: #e8ebef; --quiet: #a3adb8; --line: #313a45; --mark: #7db8f5; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 62rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; }
h2 { margin: 2.25rem 0 0.75rem; font-size: 1.15rem; }
p { margin: 0.35rem 0; }
.quiet, figcaption { color: var(--quiet); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.75rem; margin: 1.25rem 0 0; }
.cards div { padding: 0.75rem 0.9rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
.cards dt { color: var(--quiet); font-size: 0.875rem; }
.cards dd { margin: 0; }
.cards .value { font-size: 1.5rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.cards .note { color: var(--quiet); font-size: 0.875rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
.pictures .wide { grid-column: 1 / -1; }
figure { margin: 0; padding: 0.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: 0.25rem; }
.plot { display: flex; gap: 0.5rem; height: 15rem; }
.scale { display: flex; flex-direction: column; justify-content: space-between; margin: -0.6em 0; }
.scale, .steps { color: var(--quiet); font-size: 0.8rem; line-height: 1.2em; text-align: right; }
.scale { min-width: 2.75rem; }
.steps { display: flex; justify-content: space-between; margin: 0.6rem 0 0 3.25rem; }
svg { flex: 1; min-width: 0; height: 100%; overflow: visible; }
path { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--line); }
.line { stroke: var(--mark); stroke-width: 2; stroke-linejoin: round; }
.chart { padding-top: 1.25rem; }
figcaption { margin-top: 0.6rem; font-size: 0.9rem; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); font-size: 0.925rem; }
th, td { padding: 0.4rem 0.7rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; }
tbody th:first-child { width: 40%; font-weight: 400; color: var(--quiet); }
td { font-variant-numeric: tabular-nums; }
table + p { margin-top: 0.75rem; }
pre { margin: 0.35rem 0 0.9rem; padding: 0.6rem 0.8rem; background: var(--card); border: 1px solid var(--line);
  border-left: 3px solid var(--mark); border-radius: 0.25rem; font: 0.875rem/1.5 ui-monospace, monospace;
  white-space: pre-wrap; }
)";

// A number and its unit stay on one line.
std::string unbroken(std::string html) {
  for (size_t i = html.rfind(" %"); i != std::string::npos; i = html.rfind(" %")) {
    html.replace(i, 1, "&nbsp;");
  }
  return html;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string base64(std::span<const uint8_t> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](size_t k) { return i + k < bytes.size() ? uint32_t{bytes[i + k]} : 0u; };
    const uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
    for (size_t digit = 0; digit < 4; ++digit) {
      const bool used = i + digit <= bytes.size();  // n bytes left fill n + 1 digits
      out += used ? kDigits[group >> (18 - 6 * digit) & 63] : '=';
    }
  }
  return out;
}

std::string html_card(const std::string& label, const std::string& value, const std::string& note) {
  return fmt::format(
      "<div><dt>{}</dt><dd class=\"value\">{}</dd><dd class=\"note\">{}</dd></div>\n",
      escape_html(label), unbroken(escape_html(value)), unbroken(escape_html(note)));
}

std::optional<PictureSize> png_size(std::span<const uint8_t> file) {
  // Signature, length and name of the first chunk, which is the header; then width and height.
  constexpr std::array<uint8_t, 16> kStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                              0,    0,   0,   13,  'I',  'H',  'D',  'R'};
  if (file.size() < 24 || !std::ranges::equal(file.first(kStart.size()), kStart)) {
    return std::nullopt;
  }
  const auto number = [&](size_t i) {
    return uint32_t{file[i]} << 24 | uint32_t{file[i + 1]} << 16 | uint32_t{file[i + 2]} << 8 |
           uint32_t{file[i + 3]};
  };
  return PictureSize{number(16), number(20)};
}

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "{}<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n"
      "</html>\n",
      kHead, escape_html(title), kStyle, body);
}

}  // namespace host
