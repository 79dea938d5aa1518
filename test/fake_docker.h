#pragma once

// An engine on a unix socket that says what the test tells it to. A connection plays the next
// script, if there is one; else its requests are answered one by one, as answerWith() says. Without
// either, a connection fails the test.

#include <charconv>
#include <deque>
#include <functional>
#include <string>

#include "base/acceptor.h"
#include "test/stage.h"

namespace test {

class FakeDocker {
 public:
  // Gives the whole answer to a request, of which it gets the start line; lastHead() and lastBody()
  // tell the rest of it.
  using AnswerTo = std::function<std::string(const std::string& startLine)>;

  // The stage must outlive it.
  explicit FakeDocker(Stage& stage) : stage_(stage) { listen(); }

  std::string path() const { return directory_ / "docker.sock"; }
  void next(Script script) { scripts_.push_back(std::move(script)); }
  void answerWith(AnswerTo answer) { answer_ = std::move(answer); }
  // To every connection that has asked for GET /events, whose answer must have begun a chunked
  // body.
  void emit(const std::string& event) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", event.size() + 1);
    events_ += size + event + "\n\r\n";
    emitted_.fire();
  }
  size_t connections() const { return connections_; }
  // Of the request that was heard last, with its start line.
  const std::string& lastHead() const { return head_; }
  // As it came, chunk framing included.
  const std::string& lastBody() const { return body_; }

  void listen() {
    listener_ = base::listenUnix(path(), {});
    acceptor_.spawn(base::acceptAll(
        stage_.loop, listener_.get(), [this](base::Fd fd) { accepted(std::move(fd)); },
        [](std::string) {}));
  }
  // Nobody listens any more; connections go on.
  void stopListening() {
    acceptor_.cancelAll();
    listener_ = base::Fd();
  }
  // Ends every connection that plays no script.
  void hangUp() { served_.cancelAll(); }

 private:
  void accepted(base::Fd fd) {
    connections_++;
    if (scripts_.empty() && answer_) {
      served_.spawn(serve(stage_.stream(std::move(fd))));
      return;
    }
    Script script = {hears("nothing, since it was not expected")};
    if (!scripts_.empty()) {
      script = std::move(scripts_.front());
      scripts_.pop_front();
    }
    stage_.play("connection " + std::to_string(connections_) + " to the engine", std::move(fd),
                std::move(script));
  }

  // Where the first request ends; npos if more of it is to come. Of a body nothing is looked at
  // that its head does not ask for: this is called for each part of it that comes.
  static size_t endOf(const std::string& heard) {
    constexpr std::string_view length = "\r\nContent-Length: ";
    size_t headEnd = heard.find("\r\n\r\n");
    if (headEnd == std::string::npos) return headEnd;
    std::string_view head = std::string_view(heard).substr(0, headEnd + 2);
    size_t end = headEnd + 4;
    if (head.find("\r\nTransfer-Encoding: chunked\r\n") != head.npos) {
      size_t last = heard.find("0\r\n\r\n", headEnd);
      return last == std::string::npos ? last : last + 5;
    }
    if (size_t at = head.find(length); at != head.npos) {
      size_t count = 0;
      std::from_chars(head.data() + at + length.size(), head.data() + head.size(), count);
      end += count;
    }
    return end <= heard.size() ? end : std::string::npos;
  }

  base::Task<> serve(std::unique_ptr<base::Stream> stream) {
    std::string heard, startLine;
    while (startLine.find("/events") == std::string::npos) {
      size_t end = endOf(heard);
      if (end == std::string::npos) {
        char buffer[16 * 1024];
        size_t got = co_await stream->read(buffer);
        if (got == 0) co_return;
        heard.append(buffer, got);
        continue;
      }
      size_t bodyAt = heard.find("\r\n\r\n") + 4;
      head_ = heard.substr(0, bodyAt);
      body_ = heard.substr(bodyAt, end - bodyAt);
      startLine = heard.substr(0, heard.find("\r\n"));
      heard.erase(0, end);
      std::string answer = answer_(startLine);
      co_await stream->write(answer);
      if (answer.find("\r\nContent-Length: ") != std::string::npos) startLine.clear();
    }
    for (size_t told = events_.size();;) {
      co_await emitted_.wait();
      std::string fresh = events_.substr(told);
      told = events_.size();
      co_await stream->write(fresh);
    }
  }

  Stage& stage_;
  TempDir directory_;
  base::Fd listener_;
  std::deque<Script> scripts_;
  AnswerTo answer_;
  std::string head_, body_;
  std::string events_;  // all that were emitted, as chunks
  base::Event emitted_;
  size_t connections_ = 0;
  base::Scope served_{[](std::exception_ptr) {}};
  base::Scope acceptor_{[](std::exception_ptr) {}};
};

}  // namespace test
