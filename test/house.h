#pragma once

// The parts of droverd in front of a FakeDocker, wired as it is (proxy/parts.h), and clients that
// play their scripts on connections to it.

#include <fcntl.h>
#include <sys/mman.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/connection.h"
#include "proxy/parts.h"
#include "test/fake_docker.h"
#include "test/stage.h"

namespace test {

// What the parts stand on.
struct Ground {
  Ground() { log.setLevel(base::Level::debug); }

  Stage stage;
  FakeDocker docker{stage};
  base::Fd logFile{::memfd_create("log", MFD_CLOEXEC)};
  base::Log log{logFile.get()};
  TempDir stateDir;

  proxy::Parts::Options options() const {
    proxy::Parts::Options options;
    options.enginePath = docker.path();
    options.connectTimeout = milliseconds(1000);
    options.maxBodyBytes = 64 * 1024 * 1024;
    options.agent.stateDir = stateDir / "state";
    options.agent.name = "node";
    options.agent.droverVersion = "test";
    options.settings.rebalanceInterval = milliseconds(0);
    return options;
  }
};

struct House : Ground, proxy::Parts {
  House() : Parts(stage.loop, Ground::options(), {}, log) {}
  ~House() { stage.cancel(); }  // no task outlives what it uses, be the test failed or not

  proxy::ConnectionLimits limits{{}, milliseconds(30'000), milliseconds(30'000)};
  proxy::BodyBudget bodies{64 * 1024 * 1024};
  proxy::QuietLog quiet{stage.loop, log};
  int clients = 0;  // being served

  // Valid until the connection ends.
  proxy::Connection& accept(base::Fd fd, const base::TlsContext* tls = nullptr) {
    proxy::Arrival arrival{.peer = "client"};
    if (tls) arrival.tls = [tls] { return tls; };
    std::unique_ptr<proxy::Connection> made =
        std::make_unique<proxy::Connection>(stage.stream(std::move(fd)), std::move(arrival), api,
                                            engine, limits, bodies, log, quiet, metrics);
    proxy::Connection& connection = *made;
    clients++;
    stage.start(serve(std::move(made)));
    return connection;
  }

  proxy::Connection& client(Script script) {
    auto [ours, theirs] = socketPair();
    proxy::Connection& connection = accept(std::move(ours));
    stage.play("client", std::move(theirs), std::move(script));
    return connection;
  }

  // All that was logged by now.
  std::string logged() {
    log.flush();
    std::string text(static_cast<size_t>(::lseek(logFile.get(), 0, SEEK_END)), '\0');
    if (::pread(logFile.get(), text.data(), text.size(), 0) < 0) text.clear();
    return text;
  }

 private:
  base::Task<> serve(std::unique_ptr<proxy::Connection> connection) {
    co_await connection->serve();
    clients--;
  }
};

}  // namespace test
