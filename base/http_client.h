#pragma once

// The client's side of HTTP/1.1 towards one server: connections kept for reuse while they are idle,
// and small calls that are answered whole.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/http.h"
#include "base/loop.h"
#include "base/stream.h"
#include "base/task.h"

namespace base {

// The server cannot be reached; what() names it and the reason, fit for an answer.
class Unreachable : public std::exception {
 public:
  explicit Unreachable(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

struct HttpConnection {
  // Every connection of one server that is open.
  using Registry = std::set<HttpConnection*>;

  HttpConnection(std::unique_ptr<Stream> connected, HttpLimits limits,
                 std::shared_ptr<Registry> all = std::make_shared<Registry>())
      : stream(std::move(connected)),
        reader(MessageReader::Kind::response, limits),
        registry(std::move(all)) {
    registry->insert(this);
  }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection() { registry->erase(this); }

  std::unique_ptr<Stream> stream;
  MessageReader reader;
  std::string rest;       // bytes read that come after the message in hand
  bool reused = false;    // has served an exchange before, so it may have been closed meanwhile
  bool halfSent = false;  // the server took no more of the request in hand
  std::optional<Time> waitsSince;  // for a head
  bool silenceTold = false;        // of this waiting
  std::shared_ptr<Registry> registry;

  // Reads until the head of an answer is there; bytes of the body that came along are in `rest`.
  // `toHead`: it answers a HEAD, so it has no body. Throws StreamError if the server closes before.
  Task<> readHead(bool toHead);
};

// A call of our own. `headers` are whole lines, each with its line end.
struct HttpCall {
  std::string method = "GET";
  std::string target;
  std::string headers = {};
  std::string body = {};
  milliseconds timeout{10'000};    // for the whole of it
  size_t maxAnswer = 1024 * 1024;  // bytes that the answer's body may have
  // Said again when an idle connection was closed just as it was taken. Not for what must not be
  // done twice.
  bool idempotent = true;
  // Made even while the server is known not to answer: to find out whether it does again.
  bool isProbe = false;
};

// The usual question.
inline HttpCall httpGet(std::string target, milliseconds timeout, size_t most) {
  HttpCall call;
  call.target = std::move(target);
  call.timeout = timeout;
  call.maxAnswer = most;
  return call;
}

// The whole of an answer.
struct HttpReply {
  int status = 0;
  std::string head;  // status line and headers, without those of the connection and without Date
  std::string body;
};

class HttpClient {
 public:
  // Makes a connection, or throws StreamError with the reason.
  using Connector = std::function<Task<std::unique_ptr<Stream>>()>;

  // `name` is the server's, for messages. `loop` must outlive it. Heads of answers may be as large
  // as `limits` says; up to `maxIdle` connections are kept.
  HttpClient(Loop& loop, std::string name, Connector connector, HttpLimits limits, size_t maxIdle);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  // An idle connection, or a new one if there is none or `fresh` is asked for. Throws Unreachable.
  Task<std::unique_ptr<HttpConnection>> connect(bool fresh, bool isProbe = false);
  // Takes back a connection whose exchange is complete.
  void giveBack(std::unique_ptr<HttpConnection> connection);
  // Called when the server closes an idle connection, which it does when it goes away.
  void onIdleClosed(std::function<void()> callback) { idleClosed_ = std::move(callback); }
  // Called when a server has not begun to answer for so long, once for each exchange. It may be
  // busy; or it is gone, and its host cannot say so. Without a callback nobody is called any more.
  void onSilence(milliseconds patience, std::function<void()> callback);
  // The server is known not to answer, and `why` says so: calls fail at once from now on, and those
  // that wait for the beginning of an answer are broken off, but for what has waited for longer
  // than `patience`: that was asked for when the server still answered, and takes long by nature.
  void fallSilent(const std::string& why, milliseconds patience);
  // It answers again.
  void answersAgain() { silentFor_.clear(); }
  // Closes every idle connection.
  void dropIdle();
  // Closes the idle ones and breaks off whatever is under way: the server is known to be gone.
  void cancelAll(const std::string& why);

  // One call, answered whole. Throws Unreachable, StreamError (also when the time is over, or for
  // an answer that is too large) or HttpError.
  Task<HttpReply> call(HttpCall call);

  const std::string& name() const { return name_; }
  Loop& loop() { return loop_; }
  size_t idle() const { return idle_.size(); }

 private:
  Task<HttpReply> callOn(HttpConnection& connection, std::string request, size_t most);
  void expectAnswer(HttpConnection& connection);
  void lookForSilence();

  Loop& loop_;
  std::string name_;
  Connector connector_;
  HttpLimits limits_;
  size_t maxIdle_;
  std::function<void()> idleClosed_;
  std::function<void()> silence_;
  milliseconds patience_{0};
  Timer silenceTimer_;
  bool looksForSilence_ = false;
  std::string silentFor_;  // the reason, while it is known not to answer
  std::shared_ptr<HttpConnection::Registry> open_ = std::make_shared<HttpConnection::Registry>();
  std::vector<std::unique_ptr<HttpConnection>> idle_;  // the last used is the first reused
};

}  // namespace base
