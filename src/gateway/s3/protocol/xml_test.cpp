#include "gateway/s3/protocol/xml.h"

#include <gtest/gtest.h>

namespace holdfast::s3 {
namespace {

TEST(Xml, WritesElementsAndEscapesText) {
  XmlWriter writer("Root", "");
  writer.open("Item");
  writer.element("Key", "a<b>&\"c\x01\r\n");
  writer.element("Size", std::uint64_t{5});
  writer.element("IsTruncated", false);
  EXPECT_EQ(std::move(writer).finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Root><Item>"
            "<Key>a&lt;b&gt;&amp;&quot;c&#x1;&#xd;\n</Key><Size>5</Size>"
            "<IsTruncated>false</IsTruncated></Item></Root>");
}

TEST(Xml, ReadsElementsWhateverTheirNamespace) {
  const auto document = XmlDocument::parse(
      "<?xml version=\"1.0\"?><!-- note --><s3:Delete xmlns:s3=\"x\"><s3:Object><s3:Key>a&amp;"
      "<![CDATA[<b>]]>&#x41;</s3:Key></s3:Object><Object><Key> two </Key></Object></s3:Delete>",
      "Delete");
  ASSERT_TRUE(document);
  const auto objects = document->root().children("Object");
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].child_text("Key"), "a&<b>A");
  EXPECT_EQ(objects[1].child_text("Key"), " two ");
  EXPECT_EQ(objects[1].child_text("VersionId"), std::nullopt);
}

TEST(Xml, WhatIsWrittenIsRead) {
  std::string nasty;
  for (char c = 0x20; c < 0x7F; ++c) nasty += c;
  nasty += "\xC3\xA9\n\t\r\x01";
  XmlWriter writer("Root");
  writer.element("Key", nasty);
  const auto document = XmlDocument::parse(std::move(writer).finish(), "Root");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().child_text("Key"), nasty);
}

TEST(Xml, RefusesWhatIsNotPlainXml) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<Root>";
  for (int i = 0; i < 100; ++i) deep += "</Root>";
  for (const std::string& text : {
           std::string(),
           std::string("Root"),
           std::string("<Root>"),
           std::string("<Root></Other>"),
           std::string("<Other/>"),
           std::string("<Root/><Root/>"),
           std::string("<Root>\xFF</Root>"),
           std::string("<Root>\0</Root>", 14),
           std::string("<!DOCTYPE Root [<!ENTITY a \"b\">]><Root>&a;</Root>"),
           deep,
       }) {
    const auto document = XmlDocument::parse(text, "Root");
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code(), Code::malformed_xml);
  }
}

}  // namespace
}  // namespace holdfast::s3
