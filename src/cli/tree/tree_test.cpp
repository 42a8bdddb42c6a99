#include "cli/tree/completion.h"
#include "cli/tree/help.h"
#include "cli/tree/man.h"
#include "cli/tree/parser.h"

#include <gtest/gtest.h>

namespace holdfast::cli::tree {
namespace {

using Words = std::vector<std::string>;

Task<Result<void>> nothing(Session&) {
  co_return Result<void>();
}

struct Taken {
  bool json = false;
  std::string data;
  std::vector<std::string> disks;
  std::vector<std::string> sources;
  std::string target;
  std::uint64_t jobs = 4;
  std::string format;
};

Command sample(Taken& taken) {
  Command copy{.name = "cp",
               .summary = "Copy files",
               .arguments = {{.name = "SOURCE", .help = "What to copy", .target = &taken.sources},
                             {.name = "TARGET", .help = "Where to", .target = &taken.target}},
               .options = {{.name = "jobs",
                            .letter = 'j',
                            .value = "N",
                            .help = "At a time",
                            .target = &taken.jobs,
                            .range = {1, 64}},
                           {.name = "format",
                            .value = "NAME",
                            .help = "How to print",
                            .target = &taken.format,
                            .choices = {"text", "json"}}},
               .examples = {{"holdfast cp a hf://b/", "Copies a file"}},
               .run = nothing,
               .synonyms = {"copy"}};
  Command list{.name = "list",
               .summary = "List buckets",
               .options = {{.name = "json", .help = "Print JSON", .target = &taken.json}},
               .run = nothing};
  Command create{.name = "create", .summary = "Make one", .run = nothing};
  Command bucket{.name = "bucket", .summary = "Buckets", .children = {list, create}};
  Command secret{.name = "secret", .summary = "Not told", .run = nothing, .is_hidden = true};
  return {.name = "holdfast",
          .summary = "stores things",
          .options = {{.name = "data",
                       .value = "DIR",
                       .help = "Data folder",
                       .target = &taken.data,
                       .completes = Completes::folder},
                      {.name = "disk", .value = "DIR", .help = "A disk", .target = &taken.disks}},
          .children = {bucket, copy, secret}};
}

std::string problem(const Command& root, Words typed) {
  const auto parsed = parse(root, std::move(typed));
  return parsed ? "understood" : parsed.error().context();
}

TEST(Parser, ValuesReachTheirVariablesWhereverOptionsStand) {
  Taken taken;
  const Command root = sample(taken);
  const auto parsed =
      parse(root, {"--data", "/d", "cp", "a", "-j", "8", "[b]", "--disk=x", "c", "--disk", "y"});
  ASSERT_TRUE(parsed) << parsed.error().context();
  EXPECT_EQ(words(parsed->path), "holdfast cp");
  EXPECT_EQ(taken.data, "/d");
  EXPECT_EQ(taken.sources, (Words{"a", "[b]"}));
  EXPECT_EQ(taken.target, "c");
  EXPECT_EQ(taken.jobs, 8U);
  EXPECT_EQ(taken.disks, (Words{"x", "y"}));
}

TEST(Parser, ADashAndWordsThatAreCommandsElsewhereAreArguments) {
  Taken taken;
  const Command root = sample(taken);
  ASSERT_TRUE(parse(root, {"cp", "-", "bucket"}));
  EXPECT_EQ(taken.sources, Words{"-"});
  EXPECT_EQ(taken.target, "bucket");
}

TEST(Parser, WrongWordsAreAnsweredWithTheNearestRightOnes) {
  Taken taken;
  const Command root = sample(taken);
  EXPECT_NE(problem(root, {"buckte"}).find("Did you mean `holdfast bucket`?"), std::string::npos);
  EXPECT_NE(problem(root, {"copy", "a"}).find("Did you mean `holdfast cp`?"), std::string::npos);
  EXPECT_NE(problem(root, {"bucket", "crate"}).find("`holdfast bucket create`?"),
            std::string::npos);
  EXPECT_NE(problem(root, {"bucket", "list", "--jsno"}).find("Did you mean --json?"),
            std::string::npos);
}

TEST(Parser, AGroupAloneSaysWhatItOffersAndMissingArgumentsAreNamed) {
  Taken taken;
  const Command root = sample(taken);
  EXPECT_NE(problem(root, {"bucket"}).find("list, create"), std::string::npos);
  EXPECT_NE(problem(root, {"cp"}).find("SOURCE and TARGET"), std::string::npos);
  EXPECT_NE(problem(root, {"cp", "a", "b", "--format", "xml"}).find("xml"), std::string::npos);
  EXPECT_NE(problem(root, {"cp", "a", "b", "--jobs", "many"}).find("many"), std::string::npos);
  for (const std::string jobs : {"0", "-1", "65", "99999999999999999999", "1e1", "8x"}) {
    const std::string said = problem(root, {"cp", "a", "b", "--jobs=" + jobs});
    EXPECT_NE(said.find("from 1 to 64"), std::string::npos) << jobs << ": " << said;
  }
  EXPECT_NE(problem(root, {"cp", "a", "b"}), "");
}

TEST(Parser, HelpIsForTheCommandItWasAskedOf) {
  Taken taken;
  const Command root = sample(taken);
  const auto parsed = parse(root, {"bucket", "list", "--help"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->wants_help);
  EXPECT_EQ(words(parsed->path), "holdfast bucket list");
}

TEST(Help, FitsTheTerminalAndHidesWhatIsHidden) {
  Taken taken;
  const Command root = sample(taken);
  for_each_visible(root, [](const Path& path) {
    const std::string text = help(path);
    std::size_t start = 0;
    while (start < text.size()) {
      const std::size_t end = text.find('\n', start);
      EXPECT_LE(end - start, help_columns) << text.substr(start, end - start);
      start = end + 1;
    }
    EXPECT_EQ(text.find("secret"), std::string::npos);
  });
  EXPECT_NE(help({&root}).find("Exit codes:"), std::string::npos);
  EXPECT_NE(help(find(root, {"cp"})).find("SOURCE... TARGET"), std::string::npos);
}

TEST(Help, WrappingKeepsWordsWholeAndIndents) {
  EXPECT_EQ(wrap("one two  three\nfour", 2, 10), "one two\n  three\n  four");
  EXPECT_EQ(wrap("unbreakable", 0, 4), "unbreakable");
}

TEST(ManPage, NamesEveryCommandAndEscapesWhatRoffTakesForItsOwn) {
  Taken taken;
  const Command root = sample(taken);
  const std::string page = man_page(root, "1.2.3", {{"FILES", "", {{".hidden", "'quoted\\"}}}});
  EXPECT_NE(page.find(".SS holdfast cp\n"), std::string::npos);
  EXPECT_NE(page.find("\\-\\-format NAME"), std::string::npos);
  EXPECT_NE(page.find("\\&'quoted\\e"), std::string::npos);
  EXPECT_EQ(page.find("secret"), std::string::npos);
}

TEST(Completion, EveryShellLearnsEveryVisibleCommand) {
  Taken taken;
  const Command root = sample(taken);
  for (const std::string& script :
       {bash_completion(root), zsh_completion(root), fish_completion(root)}) {
    EXPECT_NE(script.find("bucket"), std::string::npos);
    EXPECT_NE(script.find("create"), std::string::npos);
    EXPECT_NE(script.find("format"), std::string::npos);
    EXPECT_EQ(script.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::cli::tree
