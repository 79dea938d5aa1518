#include "base/acceptor.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "test/stage.h"

using base::Fd;
using namespace test;

namespace {

std::string faultOf(const std::string& path, base::SocketOwner owner = {}) {
  try {
    Fd listener = base::listenUnix(path, owner);
  } catch (const std::runtime_error& fault) {
    return fault.what();
  }
  return "";
}

uint16_t portOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Fd connectTcp(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return Fd();
  return fd;
}

}  // namespace

Test(listenUnix, makes_a_socket_of_the_owner_and_mode_asked_for) {
  TempDir directory;
  for (unsigned mode : {0600u, 0660u, 0666u}) {
    std::string path = directory / "new/deeper/docker.sock";
    Fd listener = base::listenUnix(path, {.owner = ::getuid(), .group = ::getgid(), .mode = mode});
    struct stat status {};
    cr_assert_eq(::stat(path.c_str(), &status), 0);
    cr_expect(S_ISSOCK(status.st_mode));
    cr_expect_eq(status.st_mode & 07777, mode);
    cr_expect_eq(status.st_uid, ::getuid());
    cr_expect_eq(::fcntl(listener.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    cr_expect_eq(::fcntl(listener.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  }
}

Test(listenUnix, takes_over_a_socket_that_nobody_listens_on) {
  TempDir directory;
  std::string path = directory / "docker.sock";
  { Fd left = base::listenUnix(path, {}); }
  cr_expect_eq(faultOf(path), "");
}

Test(listenUnix, leaves_alone_what_is_in_use_and_what_is_no_socket) {
  TempDir directory;
  std::string path = directory / "docker.sock";
  Fd listener = base::listenUnix(path, {});
  cr_expect_eq(faultOf(path),
               "cannot listen on unix://" + path + ": another process is already listening there");
  std::string file = directory / "important";
  std::ofstream(file) << "data";
  cr_expect(faultOf(file).starts_with("cannot listen on unix://" + file + ": "));
  cr_expect(std::filesystem::is_regular_file(file), "the file was removed");
  std::string folder = directory / "folder";
  std::filesystem::create_directory(folder);
  cr_expect(faultOf(folder).starts_with("cannot listen on unix://" + folder + ": "));
}

Test(listenUnix, says_what_is_wrong_with_a_path) {
  TempDir directory;
  std::string longPath = directory / std::string(120, 'x');
  cr_expect_eq(faultOf(longPath),
               "cannot listen on unix://" + longPath + ": the path is longer than 107 bytes");
  std::string file = directory / "file";
  std::ofstream(file) << "";
  std::string below = file + "/docker.sock";
  cr_expect_eq(faultOf(below), "cannot listen on unix://" + below + ": Not a directory");
}

Test(listenTcp, takes_addresses_of_both_kinds_and_says_what_it_cannot_use) {
  Fd four = base::listenTcp("127.0.0.1", 0);
  cr_expect(connectTcp(portOf(four.get())));
  auto why = [](const char* host, uint16_t port) -> std::string {
    try {
      base::listenTcp(host, port);
    } catch (const std::runtime_error& fault) {
      return fault.what();
    }
    return "";
  };
  cr_expect_eq(why("::1", 0), "");
  cr_expect_eq(why("localhost", 0), "cannot listen on localhost port 0: not an IP address");
  uint16_t taken = portOf(four.get());
  cr_expect_eq(why("127.0.0.1", taken), "cannot listen on 127.0.0.1 port " + std::to_string(taken) +
                                            ": Address already in use");
}

Test(peerOf, names_processes_and_addresses) {
  auto [ours, theirs] = socketPair();
  cr_expect_eq(base::peerOf(ours.get()),
               "pid " + std::to_string(::getpid()) + " uid " + std::to_string(::getuid()));
  Fd listener = base::listenTcp("127.0.0.1", 0);
  Fd client = connectTcp(portOf(listener.get()));
  Fd server(::accept(listener.get(), nullptr, nullptr));
  cr_expect_eq(base::peerOf(server.get()), "127.0.0.1:" + std::to_string(portOf(client.get())));
}

namespace {

// A listener with what it accepted.
struct Reception {
  explicit Reception(Stage& stage) {
    scope.spawn(base::acceptAll(
        stage.loop, listener.get(), [this](Fd fd) { accepted.push_back(std::move(fd)); },
        [this](std::string why) { exhausted.push_back(std::move(why)); }));
  }
  TempDir directory;
  std::string path = directory / "socket";
  Fd listener = base::listenUnix(path, {});
  std::vector<Fd> accepted;
  std::vector<std::string> exhausted;
  base::Scope scope{[](std::exception_ptr) {}};
};

Fd connectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect");
  return fd;
}

}  // namespace

Test(acceptAll, hands_on_every_connection_until_it_is_cancelled) {
  Stage stage;
  Reception reception(stage);
  std::vector<Fd> clients;
  for (int i = 0; i < 200; i++) clients.push_back(connectTo(reception.path));
  stage.until([&] { return reception.accepted.size() == 200; });
  int fd = reception.accepted.front().get();
  cr_expect_eq(::fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  cr_expect_eq(::fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  reception.scope.cancelAll();
  clients.push_back(connectTo(reception.path));
  stage.turns(5);
  cr_expect_eq(reception.accepted.size(), 200);
}

Test(acceptAll, goes_on_after_the_descriptors_ran_out) {
  Stage stage;
  Reception reception(stage);
  std::vector<Fd> clients;
  for (int i = 0; i < 4; i++) clients.push_back(connectTo(reception.path));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit tight = limit;
  tight.rlim_cur = static_cast<rlim_t>(clients.back().get()) + 3;  // room for two more
  ::setrlimit(RLIMIT_NOFILE, &tight);
  stage.until([&] { return !reception.exhausted.empty(); });
  cr_expect_eq(reception.exhausted.front(), "Too many open files");
  cr_expect_eq(reception.accepted.size(), 2);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  stage.until([&] { return reception.accepted.size() == 4; });
  cr_expect_eq(reception.exhausted.size(), 1);
}
