#include "sim/network.h"

#include "base/sync.h"
#include "env/network_contract.h"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using namespace std::chrono_literals;

struct NetworkFixture {
  World world{3};
  Network wires{world};

  env::Network& network() { return wires.node("alpha"); }
  boost::asio::any_io_executor executor() { return world.executor(); }
  static env::Address address() { return "0.0.0.0:0"; }
  void run(Task<void> task) { world.run(std::move(task)); }
};

}  // namespace
}  // namespace holdfast::sim

namespace holdfast::env {
INSTANTIATE_TYPED_TEST_SUITE_P(Sim, NetworkContract, sim::NetworkFixture);
}  // namespace holdfast::env

namespace holdfast::sim {
namespace {

class SimNetworkTest : public testing::Test {
 protected:
  World world{5};
  Network network{world};
  env::Network& alpha = network.node("alpha");
  env::Network& beta = network.node("beta");
};

struct Pair {
  std::unique_ptr<env::Stream> at_alpha;
  std::unique_ptr<env::Stream> at_beta;
};

Task<Pair> make_pair(env::Network& alpha, env::Network& beta) {
  const auto listener = (co_await beta.listen("beta:1")).value();
  auto at_alpha = (co_await alpha.connect("beta:1")).value();
  auto at_beta = (co_await listener->accept()).value();
  co_return Pair{std::move(at_alpha), std::move(at_beta)};
}

Task<void> read_note(World& world, env::Stream& stream, std::string& text, Instant& when) {
  Bytes into(100);
  const auto size = co_await stream.read(into);
  text = size ? std::string(as_text(ByteView(into).first(*size))) : "broken";
  when = world.now();
}

Task<void> sleep_for(World& world, Duration span) {
  co_await world.sleep_until(world.now() + span);
}

Task<Result<void>> write(env::Stream& stream, std::string_view text) {
  return stream.write(as_bytes(text));
}

TEST_F(SimNetworkTest, ABlockedWireHoldsUpWhatIsSentUntilItIsFree) {
  const Pair pair = world.run(make_pair(alpha, beta));
  std::string text = "nothing";
  Instant when;
  world.spawn(read_note(world, *pair.at_beta, text, when));
  network.part("alpha", "beta");
  const Instant start = world.now();
  ASSERT_TRUE(world.run(write(*pair.at_alpha, "hello")));
  world.run(sleep_for(world, 1min));
  EXPECT_EQ(text, "nothing");
  network.rejoin("alpha", "beta");
  world.run(sleep_for(world, 1s));
  EXPECT_EQ(text, "hello");
  EXPECT_GT(when, start + 1min);
}

TEST_F(SimNetworkTest, OneDirectionMayBeBlockedAlone) {
  const Pair pair = world.run(make_pair(alpha, beta));
  network.block("alpha", "beta");
  std::string at_alpha = "nothing";
  std::string at_beta = "nothing";
  Instant when;
  world.spawn(read_note(world, *pair.at_alpha, at_alpha, when));
  world.spawn(read_note(world, *pair.at_beta, at_beta, when));
  ASSERT_TRUE(world.run(write(*pair.at_alpha, "to beta")));
  ASSERT_TRUE(world.run(write(*pair.at_beta, "to alpha")));
  world.run(sleep_for(world, 1min));
  EXPECT_EQ(at_alpha, "to alpha");
  EXPECT_EQ(at_beta, "nothing");
  network.unblock("alpha", "beta");
  world.run(sleep_for(world, 1s));
  EXPECT_EQ(at_beta, "to beta");
}

TEST_F(SimNetworkTest, ConnectingOverABlockedWireTimesOut) {
  const auto listener = world.run(beta.listen("beta:1")).value();
  network.part("alpha", "beta");
  EXPECT_EQ(world.run(alpha.connect("beta:1")).error().code(), ErrorCode::timed_out);
  network.rejoin("alpha", "beta");
  EXPECT_TRUE(world.run(alpha.connect("beta:1")));
  EXPECT_EQ(world.run(alpha.connect("beta:2")).error().code(), ErrorCode::unavailable);
}

TEST_F(SimNetworkTest, ACutIsNoticedAtBothEnds) {
  const Pair pair = world.run(make_pair(alpha, beta));
  std::string at_alpha;
  std::string at_beta;
  Instant when;
  world.spawn(read_note(world, *pair.at_alpha, at_alpha, when));
  world.spawn(read_note(world, *pair.at_beta, at_beta, when));
  world.run(sleep_for(world, 1s));
  network.cut("beta", "alpha");
  world.run(sleep_for(world, 1s));
  EXPECT_EQ(at_alpha, "broken");
  EXPECT_EQ(at_beta, "broken");
  EXPECT_FALSE(world.run(write(*pair.at_alpha, "x")));
}

TEST_F(SimNetworkTest, NobodyIsToldOfANodeThatVanished) {
  Pair pair = world.run(make_pair(alpha, beta));
  std::string at_alpha = "nothing";
  Instant when;
  world.spawn(read_note(world, *pair.at_alpha, at_alpha, when));
  network.vanish("beta");
  pair.at_beta.reset();
  EXPECT_TRUE(world.run(write(*pair.at_alpha, "into the void")));
  world.run(sleep_for(world, 1h));
  EXPECT_EQ(at_alpha, "nothing");
  EXPECT_TRUE(world.run(beta.listen("beta:1")));
  pair.at_alpha->abort();
  world.run(sleep_for(world, 1s));
  EXPECT_EQ(at_alpha, "broken");
}

Task<void> fill(env::Stream& stream, bool& is_done) {
  const Bytes much(Network::window_size + 1);
  (co_await stream.write(much)).value();
  is_done = true;
}

TEST_F(SimNetworkTest, AWriterWaitsForAReaderThatDoesNotRead) {
  const Pair pair = world.run(make_pair(alpha, beta));
  bool is_done = false;
  world.spawn(fill(*pair.at_alpha, is_done));
  world.run(sleep_for(world, 1h));
  EXPECT_FALSE(is_done);
  std::string text;
  Instant when;
  world.run(read_note(world, *pair.at_beta, text, when));
  world.run(sleep_for(world, 1s));
  EXPECT_TRUE(is_done);
}

Task<void> hold_open(env::Network& network, bool& is_open) {
  const auto stream = (co_await network.connect("beta:1")).value();
  is_open = true;
  Bytes into(1);
  (void)co_await stream->read(into);
}

TEST_F(SimNetworkTest, AKilledProcessEndsItsConnections) {
  const auto listener = world.run(beta.listen("beta:1")).value();
  Process process(world);
  bool is_open = false;
  process.spawn(hold_open(alpha, is_open));
  const auto stream = world.run(listener->accept()).value();
  std::string text;
  Instant when;
  world.run(sleep_for(world, 1s));
  EXPECT_TRUE(is_open);
  process.kill();
  world.run(read_note(world, *stream, text, when));
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace holdfast::sim
