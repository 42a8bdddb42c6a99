#include "gateway/s3/protocol/xml.h"

#include "base/utf8.h"

#include <pugixml.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

// A node costs the library tens of bytes for as little as four of input ("<a/>").
constexpr auto markup_count_max = 200'000;
constexpr unsigned depth_max = 16;

// Control characters are written as references, which is what S3 does although XML 1.0 allows but
// three of them; a client that expects such keys asks for encoding-type=url.
void append_escaped(std::string& out, std::string_view text) {
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
      case '\t':
      case '\n':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(out), "&#x{:x};", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
}

std::string_view without_prefix(std::string_view name) {
  const auto colon = name.rfind(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

bool is_shallow(pugi::xml_node root) {
  unsigned depth = 0;
  for (auto node = root; node;) {
    if (depth > depth_max) return false;
    if (node.first_child()) {
      node = node.first_child();
      ++depth;
      continue;
    }
    while (node && node != root && !node.next_sibling()) {
      node = node.parent();
      --depth;
    }
    if (!node || node == root) return true;
    node = node.next_sibling();
  }
  return true;
}

}  // namespace

XmlWriter::XmlWriter(std::string_view root, std::string_view name_space) {
  text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  open(root, name_space.empty() ? "" : fmt::format(" xmlns=\"{}\"", name_space));
}

void XmlWriter::open(std::string_view name, std::string_view attributes) {
  text_.append("<").append(name).append(attributes).append(">");
  open_.emplace_back(name);
}

void XmlWriter::close() {
  text_.append("</").append(open_.back()).append(">");
  open_.pop_back();
}

void XmlWriter::element(std::string_view name, std::string_view text) {
  text_.append("<").append(name).append(">");
  append_escaped(text_, text);
  text_.append("</").append(name).append(">");
}

void XmlWriter::element(std::string_view name, std::uint64_t number) {
  element(name, std::string_view(fmt::format_int(number).c_str()));
}

void XmlWriter::element(std::string_view name, bool value) {
  element(name, std::string_view(value ? "true" : "false"));
}

std::string XmlWriter::finish() && {
  while (!open_.empty()) close();
  return std::move(text_);
}

struct XmlDocument::Tree {
  pugi::xml_document document;
};

XmlDocument::XmlDocument(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Outcome<XmlDocument> XmlDocument::parse(std::string_view text, std::string_view root) {
  if (text.contains('\0') || !is_utf8(text) || std::ranges::count(text, '<') > markup_count_max) {
    return refuse(Code::malformed_xml);
  }
  auto tree = std::make_unique<Tree>();
  constexpr unsigned options = pugi::parse_escapes | pugi::parse_cdata | pugi::parse_eol |
                               pugi::parse_doctype | pugi::parse_ws_pcdata_single;
  const auto parsed =
      tree->document.load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
  if (!parsed) return refuse(Code::malformed_xml);
  pugi::xml_node found;
  for (const auto node : tree->document.children()) {
    // A document type could define entities, and no client of S3 sends one.
    if (node.type() == pugi::node_doctype || (node.type() == pugi::node_element && found)) {
      return refuse(Code::malformed_xml);
    }
    if (node.type() == pugi::node_element) found = node;
  }
  if (!found || without_prefix(found.name()) != root || !is_shallow(found)) {
    return refuse(Code::malformed_xml);
  }
  return XmlDocument(std::move(tree));
}

XmlDocument::Element XmlDocument::root() const {
  for (const auto node : tree_->document.children()) {
    if (node.type() == pugi::node_element) return Element(node.internal_object());
  }
  return Element(nullptr);
}

namespace {
pugi::xml_node as_node(void* node) {
  return pugi::xml_node(static_cast<pugi::xml_node_struct*>(node));
}
}  // namespace

std::string_view XmlDocument::Element::name() const {
  return without_prefix(as_node(node_).name());
}

std::string XmlDocument::Element::text() const {
  std::string text;
  for (const auto node : as_node(node_).children()) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) text += node.value();
  }
  return text;
}

std::vector<XmlDocument::Element> XmlDocument::Element::children() const {
  std::vector<Element> found;
  for (const auto node : as_node(node_).children()) {
    if (node.type() == pugi::node_element) found.push_back(Element(node.internal_object()));
  }
  return found;
}

std::vector<XmlDocument::Element> XmlDocument::Element::children(std::string_view name) const {
  auto found = children();
  std::erase_if(found, [&](const Element& element) { return element.name() != name; });
  return found;
}

std::optional<XmlDocument::Element> XmlDocument::Element::child(std::string_view name) const {
  for (const auto& element : children()) {
    if (element.name() == name) return element;
  }
  return std::nullopt;
}

std::optional<std::string> XmlDocument::Element::child_text(std::string_view name) const {
  const auto found = child(name);
  if (!found) return std::nullopt;
  return found->text();
}

}  // namespace holdfast::s3
