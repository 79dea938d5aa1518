#pragma once

// The way to this host's Docker Engine: connections to its unix socket, kept for reuse while they
// are idle, and small calls of our own.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/http.h"
#include "base/loop.h"
#include "base/stream.h"
#include "base/task.h"

namespace proxy {

// The engine cannot be reached; what() names its socket and the reason, fit for an answer.
class EngineDown : public std::exception {
 public:
  explicit EngineDown(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

struct EngineConnection {
  EngineConnection(std::unique_ptr<base::Stream> connected, base::HttpLimits limits)
      : stream(std::move(connected)), reader(base::MessageReader::Kind::response, limits) {}

  std::unique_ptr<base::Stream> stream;
  base::MessageReader reader;
  std::string rest;     // bytes read that come after the message in hand
  bool reused = false;  // has served an exchange before, so it may have been closed meanwhile

  // Reads until the head of an answer is there; bytes of the body that came along are in `rest`.
  // `toHead`: it answers a HEAD, so it has no body. Throws StreamError if the engine closes before.
  base::Task<> readHead(bool toHead);
};

// The whole of an answer to a call of our own.
struct EngineReply {
  int status = 0;
  std::string head;  // status line and headers, without those of the connection and without Date
  std::string body;
};

class Engine {
 public:
  // `loop` must outlive it. Heads of the engine's answers may be as large as `limits` says.
  Engine(base::Loop& loop, std::string path, base::milliseconds connectTimeout,
         base::HttpLimits limits);
  ~Engine();

  // An idle connection, or a new one if there is none or `fresh` is asked for. Throws EngineDown.
  base::Task<std::unique_ptr<EngineConnection>> connect(bool fresh);
  // Takes back a connection whose exchange is complete.
  void giveBack(std::unique_ptr<EngineConnection> connection);
  // Called when the engine closes an idle connection, which it does when it goes away.
  void onIdleClosed(std::function<void()> callback) { idleClosed_ = std::move(callback); }
  // Closes every idle connection.
  void dropIdle();

  // A call without a body, answered whole, within `timeout`. Throws EngineDown, StreamError (also
  // when the time is over) or HttpError; an answer over `most` bytes is a StreamError too.
  base::Task<EngineReply> call(std::string method, std::string target, base::milliseconds timeout,
                               size_t most);

  // "unix:///run/docker.sock", for messages.
  std::string url() const { return "unix://" + path_; }
  size_t idle() const { return idle_.size(); }

 private:
  base::Task<EngineReply> callOn(EngineConnection& connection, std::string request, size_t most);

  base::Loop& loop_;
  std::string path_;
  base::milliseconds connectTimeout_;
  base::HttpLimits limits_;
  std::function<void()> idleClosed_;
  std::vector<std::unique_ptr<EngineConnection>> idle_;  // the last used is the first reused
};

}  // namespace proxy
