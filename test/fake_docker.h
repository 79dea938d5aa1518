#pragma once

// An engine on a unix socket that says what the test tells it to: each connection plays the next
// script. A connection for which there is none fails the test.

#include <deque>
#include <string>

#include "base/acceptor.h"
#include "test/stage.h"

namespace test {

class FakeDocker {
 public:
  // The stage must outlive it.
  explicit FakeDocker(Stage& stage) : stage_(stage), listener_(base::listenUnix(path(), {})) {
    acceptor_.spawn(base::acceptAll(
        stage_.loop, listener_.get(), [this](base::Fd fd) { accepted(std::move(fd)); },
        [](std::string) {}));
  }

  std::string path() const { return directory_ / "docker.sock"; }
  void next(Script script) { scripts_.push_back(std::move(script)); }
  size_t connections() const { return connections_; }

  // Nobody listens any more; connections go on.
  void stopListening() {
    acceptor_.cancelAll();
    listener_ = base::Fd();
  }

 private:
  void accepted(base::Fd fd) {
    std::string name = "connection " + std::to_string(++connections_) + " to the engine";
    Script script = {hears("nothing, since it was not expected")};
    if (!scripts_.empty()) {
      script = std::move(scripts_.front());
      scripts_.pop_front();
    }
    stage_.play(std::move(name), std::move(fd), std::move(script));
  }

  Stage& stage_;
  TempDir directory_;
  base::Fd listener_;
  std::deque<Script> scripts_;
  size_t connections_ = 0;
  base::Scope acceptor_{[](std::exception_ptr) {}};
};

}  // namespace test
