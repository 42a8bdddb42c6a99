#include "env/linux/network.h"

#include "env/linux/support_test.h"
#include "env/network_contract.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace holdfast::env::linux {
namespace {

struct NetworkFixture {
  TestLoop loop;
  TestFolder folder;
  Network its_network{loop.executor()};

  Network& network() { return its_network; }
  boost::asio::any_io_executor executor() { return loop.executor(); }
  void run(Task<void> task) { loop.run(std::move(task)); }
};

struct TcpFixture : NetworkFixture {
  static Address address() { return "127.0.0.1:0"; }
};

struct UnixFixture : NetworkFixture {
  Address address() { return "unix:" + folder.path() + "/socket"; }
};

}  // namespace
}  // namespace holdfast::env::linux

namespace holdfast::env {
using LinuxNetworks = testing::Types<linux::TcpFixture, linux::UnixFixture>;
INSTANTIATE_TYPED_TEST_SUITE_P(Linux, NetworkContract, LinuxNetworks);
}  // namespace holdfast::env

namespace holdfast::env::linux {
namespace {

Task<void> listen_over_what_is_left(Network& network, Address address, std::string path) {
  const auto listener = (co_await network.listen(address)).value();
  struct stat status{};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_TRUE((co_await network.connect(address)).has_value());
}

TEST(LinuxNetworkTest, AUnixSocketLeftBehindIsReplaced) {
  UnixFixture fixture;
  const std::string path = fixture.folder.path() + "/socket";
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un place{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(place.sun_path, sizeof place.sun_path - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  close(left);
  fixture.run(listen_over_what_is_left(fixture.network(), fixture.address(), path));
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace holdfast::env::linux
