#pragma once

// What the tests of running code share: a loop that drives tasks to their end, pairs of connected
// sockets, and actors who play a script on one of them.
//
// A script is a list of steps and reads like the conversation that it describes. It runs as a
// coroutine beside the code under test, on the same loop, so that nothing depends on timing. A step
// that meets something else than it expects throws, and the test fails with what was met.

#include <sys/socket.h>
#include <uv.h>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/loop.h"
#include "base/stream.h"
#include "base/task.h"

namespace test {

using std::chrono::milliseconds;

// No test comes near this; one that does hangs.
constexpr milliseconds patience(10'000);

// Text for people: one line, without its middle if it is long.
inline std::string shown(std::string_view text) {
  std::string line = "\"";
  for (size_t i = 0; i < text.size(); i++) {
    if (text.size() > 400 && i == 200) {
      i = text.size() - 200;
      line += "\"...\"";
    }
    if (text[i] == '\r') {
      line += "\\r";
    } else if (text[i] == '\n') {
      line += "\\n";
    } else {
      line += text[i];
    }
  }
  return line + "\" (" + std::to_string(text.size()) + " bytes)";
}

// Bytes that are easily told apart from their neighbours, so that lost and swapped ones show.
inline std::string pattern(size_t size, uint32_t seed = 1) {
  std::string made(size, '\0');
  for (char& each : made) {
    seed = seed * 1664525 + 1013904223;
    each = static_cast<char>(seed >> 24);
  }
  return made;
}

// A directory that goes with its owner.
class TempDir {
 public:
  TempDir() {
    if (!::mkdtemp(path_.data())) throw std::runtime_error("mkdtemp: " + path_);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_ = "/tmp/drover-test-XXXXXX";
};

inline std::pair<base::Fd, base::Fd> socketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair");
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

// Something that one script waits for and another one, or the test, gives.
class Cue {
 public:
  void give() {
    given_ = true;
    event_.fire();
  }
  bool given() const { return given_; }
  base::Task<> wait() {
    while (!given_) co_await event_.wait();
  }

 private:
  bool given_ = false;
  base::Event event_;
};

struct Step {
  enum class Kind {
    says,
    hears,
    hearsApart,
    hearsAnswer,
    hearsSome,
    ends,
    hearsEnd,
    gives,
    awaits,
    pauses
  };
  Kind kind;
  std::string text = {};
  int status = 0;
  size_t count = 0;
  Cue* cue = nullptr;
};

using Script = std::vector<Step>;

inline Step says(std::string text) {
  return {Step::Kind::says, std::move(text)};
}
// Exactly these bytes come next.
inline Step hears(std::string text) {
  return {Step::Kind::hears, std::move(text)};
}
// Exactly these bytes come next, and with the last of them no others, though it is slow to read.
inline Step hearsApart(std::string text) {
  return {Step::Kind::hearsApart, std::move(text)};
}
// An answer of this status, with a length, whose body holds `text`. For answers with a Date.
inline Step hearsAnswer(int status, std::string text) {
  return {Step::Kind::hearsAnswer, std::move(text), status};
}
// This many bytes come, whatever they are.
inline Step hearsSome(size_t count) {
  return {Step::Kind::hearsSome, {}, 0, count};
}
// Ends its half; still listens.
inline Step ends() {
  return {Step::Kind::ends};
}
// The other side ends its half, or is gone, and said nothing more before.
inline Step hearsEnd() {
  return {Step::Kind::hearsEnd};
}
inline Step gives(Cue& cue) {
  return {Step::Kind::gives, {}, 0, 0, &cue};
}
inline Step awaits(Cue& cue) {
  return {Step::Kind::awaits, {}, 0, 0, &cue};
}
// The others get as many turns of the loop as they can use.
inline Step pauses() {
  return {Step::Kind::pauses};
}

// Plays a script on a connection, and closes it at the script's end.
class Actor {
 public:
  Actor(std::string name, std::unique_ptr<base::Stream> stream, Script script)
      : name_(std::move(name)), stream_(std::move(stream)), script_(std::move(script)) {}

  base::Task<> play() {
    while (at_ < script_.size()) {
      co_await take(script_[at_]);
      at_++;
    }
    stream_.reset();
  }

  // Where it stands, for messages.
  std::string place() const {
    if (at_ == script_.size()) return name_ + " is done";
    const Step& step = script_[at_];
    const char* verbs[] = {"says", "hears",         "hears apart", "hears the answer", "hears some",
                           "ends", "hears the end", "gives",       "awaits",           "pauses"};
    return name_ + " " + verbs[static_cast<int>(step.kind)] + " (step " + std::to_string(at_ + 1) +
           ")" + (step.text.empty() ? "" : " " + shown(step.text)) +
           (heard_.empty() ? "" : ", having heard " + shown(heard_));
  }

 private:
  [[noreturn]] void fail(const std::string& met) const {
    throw std::runtime_error(place() + ", but " + met);
  }

  base::Task<> take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::says:
        return stream_->write(step.text);
      case Step::Kind::hears:
        return hear(step.text);
      case Step::Kind::hearsApart:
        return hearApart(step.text);
      case Step::Kind::hearsAnswer:
        return hearAnswer(step);
      case Step::Kind::hearsSome:
        return hearSome(step.count);
      case Step::Kind::ends:
        return end();
      case Step::Kind::hearsEnd:
        return hearEnd();
      case Step::Kind::gives:
        return give(*step.cue);
      case Step::Kind::awaits:
        return step.cue->wait();
      case Step::Kind::pauses:
        return pause();
    }
    fail("there is no such step");
  }

  // False at the end.
  base::Task<bool> hearMore() {
    for (;;) {
      std::span<char> buffer = stream_->loop().scratch();
      std::optional<size_t> got = stream_->tryRead(buffer);
      if (got) {
        heard_.append(buffer.data(), *got);
        co_return *got > 0;
      }
      co_await stream_->readable();
    }
  }

  base::Task<> hear(std::string_view wanted) {
    for (;;) {
      std::string_view so = std::string_view(heard_).substr(0, wanted.size());
      if (!wanted.starts_with(so)) {
        size_t at = 0;
        while (so[at] == wanted[at]) at++;
        fail("after " + std::to_string(at) + " bytes it is " + shown(so.substr(at)));
      }
      if (so.size() == wanted.size()) break;
      bool more = co_await hearMore();
      if (!more) fail("the connection ended");
    }
    heard_.erase(0, wanted.size());
  }

  base::Task<> hearApart(std::string_view wanted) {
    for (int turn = 0; turn < 5; turn++) co_await pause();
    co_await hear(wanted);
    if (!heard_.empty()) fail("more came with it: " + shown(heard_));
  }

  base::Task<> hearSome(size_t count) {
    while (heard_.size() < count) {
      bool more = co_await hearMore();
      if (!more) fail("the connection ended");
    }
    heard_.erase(0, count);
  }

  base::Task<> hearAnswer(const Step& step) {
    size_t head = heard_.find("\r\n\r\n");
    while (head == std::string::npos) {
      bool more = co_await hearMore();
      if (!more) fail("the connection ended");
      head = heard_.find("\r\n\r\n");
    }
    std::string start = "HTTP/1.1 " + std::to_string(step.status) + " ";
    constexpr std::string_view header = "Content-Length: ";
    size_t at = heard_.find(header);
    if (!heard_.starts_with(start) || at == std::string::npos) fail("it is another");
    size_t length = 0;
    std::from_chars(heard_.data() + at + header.size(), heard_.data() + heard_.size(), length);
    while (heard_.size() < head + 4 + length) {
      bool more = co_await hearMore();
      if (!more) fail("the connection ended");
    }
    if (heard_.substr(head + 4, length).find(step.text) == std::string::npos) fail("it is another");
    heard_.erase(0, head + 4 + length);
  }

  base::Task<> hearEnd() {
    try {
      while (heard_.empty()) {
        bool more = co_await hearMore();
        if (!more) co_return;
      }
    } catch (const base::StreamError&) {
      co_return;  // a reset is an end too
    }
    fail("there is more");
  }

  base::Task<> end() {
    stream_->shutdownWrite();
    co_return;
  }

  base::Task<> give(Cue& cue) {
    cue.give();
    co_return;
  }

  base::Task<> pause() { return base::sleepFor(stream_->loop(), milliseconds(1)); }

  std::string name_;
  std::unique_ptr<base::Stream> stream_;
  Script script_;
  size_t at_ = 0;
  std::string heard_;  // and not yet taken by a step
};

// The loop with everything that runs on it beside the test. What a task throws, the test throws.
class Stage {
 public:
  Stage() { std::signal(SIGPIPE, SIG_IGN); }  // as droverd does

  base::Loop loop;

  std::unique_ptr<base::Stream> stream(base::Fd fd) {
    return std::make_unique<base::Stream>(loop, std::move(fd));
  }

  void start(base::Task<> task) { scope_.spawn(std::move(task)); }
  void cancel() { scope_.cancelAll(); }

  void play(std::string name, base::Fd fd, Script script) {
    actors_.emplace_back(std::move(name), stream(std::move(fd)), std::move(script));
    start(actors_.back().play());
  }

  // Runs the loop until `holds`.
  void until(const std::function<bool()>& holds) {
    base::Timer limit(loop);
    bool late = false;
    limit.start(patience, [&] { late = true; });
    while (!holds()) {
      check();
      if (late) throw std::runtime_error("nothing moves any more" + places());
      loop.runOnce();
    }
    check();
  }

  static base::Task<> keepAwake(base::Loop& loop) {
    for (;;) co_await loop.nextTurn();
  }

  // Runs this many turns of the loop, without waiting for anything.
  void turns(int count) {
    for (int turn = 0; turn < count; turn++) {
      ::uv_run(loop.uv(), UV_RUN_NOWAIT);
      check();
    }
  }

  // Runs until every task has ended.
  void finish() {
    until([this] { return scope_.empty(); });
  }

  // Runs until this task has ended, and gives what it returns.
  template <class T>
  T run(base::Task<T> task) {
    bool over = false;
    if constexpr (std::is_void_v<T>) {
      start(follow(std::move(task), over));
      until([&] { return over; });
    } else {
      std::optional<T> value;
      start(follow(std::move(task), value, over));
      until([&] { return over; });
      return std::move(*value);
    }
  }

  // What the task throws, as text; empty if it does not.
  template <class T>
  std::string faultOf(base::Task<T> task) {
    try {
      run(std::move(task));
    } catch (const std::exception& fault) {
      return fault.what();
    }
    return "";
  }

 private:
  static base::Task<> follow(base::Task<> task, bool& over) {
    co_await task;
    over = true;
  }
  template <class T>
  static base::Task<> follow(base::Task<T> task, std::optional<T>& value, bool& over) {
    value = co_await task;
    over = true;
  }

  void check() {
    if (fault_) std::rethrow_exception(std::exchange(fault_, nullptr));
  }

  std::string places() const {
    std::string all;
    for (const Actor& each : actors_) all += "; " + each.place();
    return all;
  }

  std::list<Actor> actors_;
  std::exception_ptr fault_;
  base::Scope scope_{[this](std::exception_ptr fault) { fault_ = fault; }};
};

}  // namespace test
