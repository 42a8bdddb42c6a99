#include "node/settings.h"

#include <gtest/gtest.h>

namespace holdfast::node {
namespace {

std::string problem(const Spoken& spoken, const Variables& variables,
                    std::optional<std::string> yaml = {}) {
  std::optional<SettingsFile> file;
  if (yaml) file = SettingsFile{"h.yaml", *yaml};
  const auto settings = Settings::gather(spoken, variables, file);
  return settings ? "none" : settings.error().context();
}

TEST(Settings, WhatIsSpokenWinsOverEnvironmentOverFileOverStandard) {
  const auto settings = Settings::gather(
      {{"s3", {"[::1]:1"}}}, {{"HOLDFAST_S3", "[::1]:2"}, {"HOLDFAST_SITE", "attic"}},
      SettingsFile{"h.yaml", "s3: localhost:3\nsite: cellar\nregion: eu\n"});
  ASSERT_TRUE(settings) << settings.error().context();
  EXPECT_EQ(settings->text("s3"), "[::1]:1");
  EXPECT_EQ(settings->origin("s3"), "--s3 on the command line");
  EXPECT_EQ(settings->text("site"), "attic");
  EXPECT_EQ(settings->origin("site"), "HOLDFAST_SITE in the environment");
  EXPECT_EQ(settings->text("region"), "eu");
  EXPECT_EQ(settings->origin("region"), "h.yaml");
  EXPECT_EQ(settings->text("log-level"), "info");
  EXPECT_EQ(settings->origin("log-level"), "built in");
}

TEST(Settings, ListsComeFromRepetitionCommasAndSequences) {
  EXPECT_EQ(Settings::gather({{"disk", {"/a", "/b"}}}, {}, {})->list("disk").size(), 2U);
  EXPECT_EQ(Settings::gather({}, {{"HOLDFAST_DISK", "/a,/b,/c"}}, {})->list("disk").size(), 3U);
  const auto settings =
      Settings::gather({}, {}, SettingsFile{"h.yaml", "disk: [/a, /b]\ndomain: s3.example\n"});
  EXPECT_EQ(settings->list("disk").size(), 2U);
  EXPECT_EQ(settings->list("domain").size(), 1U);
}

TEST(Settings, UnknownNamesAreRefusedWithASuggestion) {
  EXPECT_EQ(problem({}, {}, "site: a\nlog-levl: info\n"),
            "h.yaml:2: there is no setting `log-levl` here. Did you mean log-level?");
  EXPECT_NE(problem({}, {{"HOLDFAST_REGOIN", "x"}}).find("HOLDFAST_REGION?"), std::string::npos);
}

TEST(Settings, ValuesThatMakeNoSenseAreRefusedAndSayWhere) {
  EXPECT_NE(problem({}, {}, "s3-tls: maybe\n").find("h.yaml:1: s3-tls"), std::string::npos);
  EXPECT_NE(problem({{"log-level", {"loud"}}}, {}).find("debug, info"), std::string::npos);
  EXPECT_NE(problem({}, {}, "s3: [a, b]\n").find("one value"), std::string::npos);
  EXPECT_NE(problem({}, {}, "site: a\nsite: b\n").find("set twice"), std::string::npos);
  EXPECT_NE(problem({}, {}, "- a\n").find("name: value"), std::string::npos);
  EXPECT_NE(problem({}, {}, "a: [\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(problem({}, {}, "data: /elsewhere\n").find("no setting"), std::string::npos);
  EXPECT_EQ(problem({{"s3", {"99999"}}}, {}),
            "--s3: s3 is an address such as 127.0.0.1:9000: '99999' is no address: write "
            "HOST:PORT.");
  EXPECT_NE(problem({}, {}, "metrics: here:1\n").find("h.yaml:1: metrics"), std::string::npos);
  EXPECT_EQ(problem({}, {{"HOLDFAST_S3", "localhost:0"}}), "none");
  EXPECT_NE(problem({{"s3-cert", {"c.pem"}}}, {}).find("needs its key"), std::string::npos);
}

TEST(Settings, AnEmptyFileAndSecretsInTheEnvironmentAreFine) {
  EXPECT_EQ(problem({}, {{"HOLDFAST_ACCESS_KEY", "a"}, {"HOLDFAST_SECRET_KEY", "s"}}, ""), "none");
  EXPECT_TRUE(Settings::gather({}, {{"HOLDFAST_S3_TLS", "yes"}}, {})->is_on("s3-tls"));
}

TEST(Settings, EmptyIsRefusedWhereverItIsToldExceptWhereItMeansSomething) {
  for (const SettingRule& rule : setting_rules()) {
    const std::string variable = variable_of(rule.name);
    const std::string in_environment = problem({}, {{variable, ""}});
    const std::string spoken = problem({{rule.name, {""}}}, {});
    if (rule.name == "metrics") {
      EXPECT_EQ(in_environment, "none");
      EXPECT_EQ(spoken, "none");
      continue;
    }
    EXPECT_EQ(in_environment, variable + " is set but empty. Give it a value, or unset it.");
    EXPECT_EQ(spoken, "--" + rule.name + " is empty. Give it a value, or leave it out.");
    if (rule.name == "data" || rule.name == "config") continue;
    for (const char* nothing : {":", ": ''", ": ['']"}) {
      EXPECT_EQ(problem({}, {}, rule.name + nothing),
                "h.yaml:1: " + rule.name + " is empty. Give it a value, or remove it.");
    }
  }
  EXPECT_EQ(problem({}, {{"HOLDFAST_DISK", ","}}),
            "HOLDFAST_DISK is set but empty. Give it a value, or unset it.");
  EXPECT_EQ(problem({}, {{"HOLDFAST_ACCESS_KEY", ""}, {"HOLDFAST_SECRET_KEY", "s"}}),
            "HOLDFAST_ACCESS_KEY is set but empty. Give it a value, or unset it.");
  EXPECT_NE(problem({}, {{"HOLDFAST_SECRET_KEY", "s"}}).find("set both"), std::string::npos);
}

TEST(Settings, AnEmptyVariableThatDoesNotCountIsNotJudged) {
  const auto settings = Settings::gather({{"site", {"attic"}}}, {{"HOLDFAST_SITE", ""}}, {});
  ASSERT_TRUE(settings) << settings.error().context();
  EXPECT_EQ(settings->text("site"), "attic");
}

TEST(Settings, AnEmptyVariableTurnsOffWhatTheFileSays) {
  const auto settings = Settings::gather({}, {{"HOLDFAST_METRICS", ""}},
                                         SettingsFile{"h.yaml", "metrics: localhost:1\n"});
  ASSERT_TRUE(settings) << settings.error().context();
  EXPECT_EQ(settings->text("metrics"), "");
  EXPECT_EQ(settings->origin("metrics"), "HOLDFAST_METRICS in the environment");
}

TEST(DataFolder, IsAsSpokenElseFromTheEnvironmentElseByWhoAsks) {
  EXPECT_EQ(data_folder({{"data", {"/d"}}}, {{"HOLDFAST_DATA", "/e"}}, true), "/d");
  EXPECT_EQ(data_folder({}, {{"HOLDFAST_DATA", "/e"}}, true), "/e");
  EXPECT_EQ(data_folder({}, {}, true), "/var/lib/holdfast");
  EXPECT_EQ(data_folder({}, {{"HOME", "/home/ann"}}, false), "/home/ann/.local/share/holdfast");
  EXPECT_FALSE(data_folder({{"data", {""}}}, {{"HOLDFAST_DATA", "/e"}}, true));
  EXPECT_FALSE(data_folder({}, {{"HOLDFAST_DATA", ""}}, true));
  EXPECT_FALSE(data_folder({}, {}, false));
  EXPECT_FALSE(data_folder({}, {{"HOME", ""}}, false));
}

}  // namespace
}  // namespace holdfast::node
