// XML in and out. Reading takes elements and text only: no document types, entities of one's own or
// nesting without end. Writing escapes all that a reader could misunderstand.
#pragma once

#include "gateway/s3/protocol/error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::s3 {

inline constexpr std::string_view xml_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

// Writes one document. Elements are closed in the order in which they were opened.
class XmlWriter {
 public:
  // Starts with the declaration and opens `root`, in S3's namespace unless told otherwise.
  explicit XmlWriter(std::string_view root, std::string_view name_space = xml_namespace);

  void open(std::string_view name) { open(name, {}); }
  // `attributes` come as they are to be written, with a space before each.
  void open(std::string_view name, std::string_view attributes);
  void close();

  // <name>text</name>
  void element(std::string_view name, std::string_view text);
  void element(std::string_view name, std::uint64_t number);
  void element(std::string_view name, bool value);
  void element(std::string_view name, const char* text) { element(name, std::string_view(text)); }

  // Closes what is open and gives the document.
  std::string finish() &&;

 private:
  std::string text_;
  std::vector<std::string> open_;
};

// A parsed document, read-only.
class XmlDocument {
 public:
  class Element {
   public:
    std::string_view name() const;  // Without its prefix.
    std::string text() const;       // The text directly in it.
    std::vector<Element> children() const;
    std::vector<Element> children(std::string_view name) const;
    // The first child of that name.
    std::optional<Element> child(std::string_view name) const;
    std::optional<std::string> child_text(std::string_view name) const;

   private:
    friend class XmlDocument;
    explicit Element(void* node) : node_(node) {}
    void* node_;  // Of the library, which stays out of this header.
  };

  // Fails with MalformedXML on anything but one element named `root` and what is in it.
  static Outcome<XmlDocument> parse(std::string_view text, std::string_view root);

  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  ~XmlDocument();

  Element root() const;

 private:
  struct Tree;
  explicit XmlDocument(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

}  // namespace holdfast::s3
