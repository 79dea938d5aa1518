// Messages as tables: what is sent, and what is read of it in one piece, byte by byte and in random
// pieces, which must be the same.

#include "base/http.h"

#include <criterion/criterion.h>

#include <random>
#include <string>
#include <vector>

#include "test/stage.h"

using base::Framing;
using base::Head;
using base::HttpError;
using base::HttpLimits;
using base::MessageReader;
using test::shown;

namespace {

using Kind = MessageReader::Kind;

// What a reader makes of some bytes.
struct Reading {
  int error = 0;  // status of the HttpError; 0: none
  std::string why;
  std::string start;    // "GET /x 1.1" or "200 OK 1.1"
  std::string headers;  // "Name=value;..."
  Framing framing = Framing::none;
  bool keepAlive = false;
  bool headDone = false;
  bool bodyDone = false;
  std::string data;  // of the body, without its framing
  std::string rest;  // what comes after the message

  bool operator==(const Reading&) const = default;
};

void readHead(const Head& head, Reading& reading) {
  bool request = !head.method().empty();
  reading.start = request ? std::string(head.method()) + " " + std::string(head.target())
                          : std::to_string(head.status()) + " " + std::string(head.reason());
  reading.start += " 1." + std::to_string(head.minorVersion());
  for (size_t i = 0; i < head.size(); i++) {
    reading.headers.append(head[i].name).append("=").append(head[i].value).append(";");
  }
  reading.keepAlive = head.keepAlive();
}

// Feeds pieces of the sizes that `nextSize` gives, the way a connection does it.
template <class NextSize>
Reading readInPieces(MessageReader& reader, std::string_view bytes, NextSize nextSize) {
  Reading reading;
  std::string rest;
  try {
    while (!bytes.empty()) {
      std::string_view piece = bytes.substr(0, nextSize());
      bytes.remove_prefix(piece.size());
      rest.append(piece);
      if (!reader.headDone()) {
        rest.erase(0, reader.feedHead(rest));
        if (reader.headDone()) reader.collectInto(&reading.data);
      }
      if (reader.headDone()) rest.erase(0, reader.feedBody(rest));
    }
  } catch (const HttpError& error) {
    reading.error = error.status();
    reading.why = error.what();
    return reading;
  }
  reading.headDone = reader.headDone();
  if (!reader.headDone()) return reading;
  reading.rest = rest;
  readHead(reader.head(), reading);
  reading.framing = reader.framing();
  reading.bodyDone = reader.bodyDone();
  return reading;
}

struct Options {
  HttpLimits limits = {};
  bool toHead = false;
};

// Reads the bytes in one piece, one by one and at random cuts; all must come to the same.
Reading read(Kind kind, std::string_view bytes, Options options = {}) {
  auto reader = [&] {
    MessageReader made(kind, options.limits);
    if (options.toHead) made.expectNoBody();
    return made;
  };
  MessageReader whole = reader();
  Reading reading = readInPieces(whole, bytes, [] { return SIZE_MAX; });
  std::minstd_rand random(7);
  for (int run = 0; run < 12; run++) {
    MessageReader other = reader();
    size_t most = run == 0 ? 1 : static_cast<size_t>(run) * 3;
    Reading again = readInPieces(other, bytes, [&] { return 1 + random() % most; });
    if (reading.error) {
      cr_expect_eq(again.error, reading.error, "%s in pieces of %zu: %d instead of %d",
                   shown(bytes).c_str(), most, again.error, reading.error);
    } else {
      cr_expect(again == reading, "%s in pieces of %zu: %s, %s", shown(bytes).c_str(), most,
                again.why.c_str(), again.start.c_str());
    }
  }
  return reading;
}

}  // namespace

Test(http, requests_are_read_as_they_are_meant) {
  const struct {
    std::string bytes;
    std::string start;
    std::string headers;
    Framing framing = Framing::none;
    bool keepAlive = true;
    std::string data = {};
    std::string rest = {};
  } requests[] = {
      {"GET / HTTP/1.1\r\nHost: d\r\n\r\n", "GET / 1.1", "Host=d;"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: d\r\n\r\n", "GET / 1.1", "Host=d;"},
      {"GET /a?b=c%20d HTTP/1.1\r\nHost:\r\n\r\n", "GET /a?b=c%20d 1.1", "Host=;"},
      {"HEAD /_ping HTTP/1.0\r\n\r\n", "HEAD /_ping 1.0", "", Framing::none, false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / 1.0", "Connection=keep-alive;"},
      {"GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n", "GET / 1.1",
       "Host=d;Connection=close;", Framing::none, false},
      {"GET / HTTP/1.1\r\nHost: d\r\nConnection: x, Close\r\n\r\n", "GET / 1.1",
       "Host=d;Connection=x, Close;", Framing::none, false},
      {"GET / HTTP/1.1\r\nHost:d\r\nX-A: \t b\r\nx-a:c d\r\nEmpty:\r\n\r\n", "GET / 1.1",
       "Host=d;X-A=b;x-a=c d;Empty=;"},
      {"GET / HTTP/1.1\r\nHost: d\r\nX: \xc3\xa4\xff\r\n\r\n", "GET / 1.1",
       "Host=d;X=\xc3\xa4\xff;"},
      {"GET http://d/x HTTP/1.1\r\nHost: d\r\n\r\n", "GET http://d/x 1.1", "Host=d;"},
      {"OPTIONS * HTTP/1.1\r\nHost: d\r\n\r\n", "OPTIONS * 1.1", "Host=d;"},
      {"POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n", "POST / 1.1",
       "Host=d;Content-Length=0;"},
      {"POST / HTTP/1.1\r\nHost: d\r\ncontent-length: 5\r\n\r\nhelloGET", "POST / 1.1",
       "Host=d;content-length=5;", Framing::length, true, "hello", "GET"},
      {"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET",
       "POST / 1.1", "Host=d;Transfer-Encoding=chunked;", Framing::chunked, true, "hello", "GET"},
      {"PUT / HTTP/1.1\r\nHost: d\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n", "PUT / 1.1",
       "Host=d;transfer-encoding=CHUNKED;", Framing::chunked},
      {"POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
       "00A;x=\"y\"\r\n0123456789\r\n1\r\n!\r\n000\r\nA: b\r\nC: d\r\n\r\n\r\n",
       "POST / 1.1", "Host=d;Transfer-Encoding=chunked;", Framing::chunked, true, "0123456789!",
       "\r\n"},
      {"POST /x HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\nraw",
       "POST /x 1.1", "Host=d;Upgrade=tcp;Connection=Upgrade;", Framing::none, true, "", "raw"},
      {"POST /x HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: "
       "2\r\n\r\n"
       "{}raw",
       "POST /x 1.1", "Host=d;Upgrade=tcp;Connection=Upgrade;Content-Length=2;", Framing::length,
       true, "{}", "raw"},
  };
  for (const auto& each : requests) {
    Reading reading = read(Kind::request, each.bytes);
    const char* bytes = each.bytes.c_str();
    cr_expect_eq(reading.error, 0, "%s: %s", bytes, reading.why.c_str());
    cr_expect_eq(reading.start, each.start, "%s: %s", bytes, reading.start.c_str());
    cr_expect_eq(reading.headers, each.headers, "%s: %s", bytes, reading.headers.c_str());
    cr_expect(reading.framing == each.framing, "%s", bytes);
    cr_expect_eq(reading.keepAlive, each.keepAlive, "%s", bytes);
    cr_expect_eq(reading.data, each.data, "%s", bytes);
    cr_expect_eq(reading.rest, each.rest, "%s: %s", bytes, reading.rest.c_str());
    cr_expect(reading.bodyDone, "%s", bytes);
  }
}

Test(http, malformed_requests_are_refused) {
  const std::string get = "GET / HTTP/1.1\r\nHost: d\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: d\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const struct {
    std::string bytes;
    int status = 400;
  } requests[] = {
      // Start lines
      {"nonsense"},
      {"GET\r\n\r\n"},
      {"get / HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GETS / HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GET  HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GET /a b HTTP/1.1\r\nHost: d\r\n\r\n"},
      {std::string("GET /a\0b HTTP/1.1\r\nHost: d\r\n\r\n", 31)},
      {"GET /a\x01 HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GET /a\x7f HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GET /a\tb HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GET / HTTP/1.1x\r\nHost: d\r\n\r\n"},
      {"GET / http/1.1\r\nHost: d\r\n\r\n"},
      {"GET / HTTP/1.2\r\nHost: d\r\n\r\n"},
      {"GET / HTTP/11.1\r\nHost: d\r\n\r\n"},
      {"GET / RTSP/1.0\r\nHost: d\r\n\r\n"},
      {"GET / HTTP/0.9\r\nHost: d\r\n\r\n", 505},
      {"GET / HTTP/2.0\r\nHost: d\r\n\r\n", 505},
      {"GET /\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},  // TLS on a plain socket
      // Headers
      {"GET / HTTP/1.1\r\n\r\n"},
      {get + "Host: e\r\n\r\n"},
      {get + "X : a\r\n\r\n"},
      {get + " X: a\r\n\r\n"},
      {get + ": a\r\n\r\n"},
      {get + "X\r\n\r\n"},
      {get + "X(): a\r\n\r\n"},
      {get + "X\xc3\xa4: a\r\n\r\n"},
      {get + "X: a\r\n b\r\n\r\n"},  // obs-fold
      {get + "X: a\r\n\tb\r\nY: c\r\n\r\n"},
      {get + std::string("X: a\0b\r\n\r\n", 10)},
      {get + "X: a\x01\r\n\r\n"},
      {get + "X: a\x7f\r\n\r\n"},
      {get + "X: a\rb\r\n\r\n"},  // bare CR
      {get + "X: a\r\rb\r\n\r\n"},
      {get + "X: a\r\n\rGET /b HTTP/1.1\r\n\r\n"},
      // Lengths
      {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
      {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
      {post + "Content-Length: 5, 5\r\n\r\nhello"},
      {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: identity\r\n\r\n"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding:\r\n\r\n"},
      {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"},
      {post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n"},
      {post + "Content-Length: -1\r\n\r\n"},
      {post + "Content-Length: +5\r\n\r\nhello"},
      {post + "Content-Length: 0x5\r\n\r\nhello"},
      {post + "Content-Length: 5 5\r\n\r\nhello"},
      {post + "Content-Length: five\r\n\r\n"},
      {post + "Content-Length:\r\n\r\n"},
      {post + "Content-Length: 5\r\n 5\r\n\r\nhello"},
      {post + "Content-Length: 99999999999999999999\r\n\r\n"},
      {"POST / HTTP/1.0\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      // Chunks
      {chunked + "5x\r\nhello\r\n0\r\n\r\n"},
      {chunked + "x5\r\nhello\r\n0\r\n\r\n"},
      {chunked + "-5\r\nhello\r\n0\r\n\r\n"},
      {chunked + "0x5\r\nhello\r\n0\r\n\r\n"},
      {chunked + "\r\nhello\r\n0\r\n\r\n"},
      {chunked + "5\nhello\r\n0\r\n\r\n"},
      {chunked + "5\rhello\r\n0\r\n\r\n"},
      {chunked + "5\r\nhello0\r\n\r\n"},
      {chunked + "5\r\nhello\n0\r\n\r\n"},
      {chunked + "5\r\nhelloXX0\r\n\r\n"},
      {chunked + "5\r\nhello\rX0\r\n\r\n"},
      {chunked + "5;a\nb\r\nhello\r\n0\r\n\r\n"},
      {chunked + "5;a\rb\r\nhello\r\n0\r\n\r\n"},
      {chunked + std::string("5;a\0b\r\nhello\r\n0\r\n\r\n", 20)},
      {chunked + "FFFFFFFFFFFFFFFFF\r\n"},
      {chunked + "0\r\nX : a\r\n\r\n"},
      {chunked + "0\r\nX\r\n\r\n"},
      {chunked + std::string("0\r\nX: \0\r\n\r\n", 11)},
      {chunked + "0\r\nX: a\rb\r\n\r\n"},
  };
  for (const auto& each : requests) {
    Reading reading = read(Kind::request, each.bytes);
    cr_expect_eq(reading.error, each.status, "%s: %d %s", shown(each.bytes).c_str(), reading.error,
                 reading.why.c_str());
  }
}

Test(http, a_control_character_is_found_wherever_it_is) {
  const std::string get = "GET / HTTP/1.1\r\nHost: d\r\nX: ";
  for (size_t size = 1; size <= 20; size++) {
    for (size_t at = 0; at < size; at++) {
      for (int byte = 1; byte < 256; byte++) {
        std::string value(size, 'v');
        value[at] = static_cast<char>(byte);
        MessageReader reader(Kind::request, {});
        bool isRefused = false;
        try {
          reader.feedHead(get + value + "\r\n\r\n");
        } catch (const HttpError&) {
          isRefused = true;
        }
        bool isControl = (byte < 0x20 && byte != '\t') || byte == 0x7f;
        if (byte == '\r' || byte == '\n') continue;  // these may be read as ends of the line
        cr_expect_eq(isRefused, isControl, "byte %d at %zu of %zu", byte, at, size);
      }
    }
  }
}

// What is not refused is written anew without them (proxy/heads.cc), so that nobody behind us reads
// them otherwise.
Test(http, line_ends_and_folds_that_are_let_through_leave_no_trace_in_the_head) {
  for (std::string bytes : {
           "GET / HTTP/1.1\nHost: d\nX: a\n\n",
           "GET / HTTP/1.1\r\nHost: d\r\nX:\r\n a\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: d\r\nX: a\r\n \r\n\r\n",
       }) {
    Reading reading = read(Kind::request, bytes);
    if (reading.error) {
      cr_expect_eq(reading.error, 400);
    } else {
      cr_expect_eq(reading.headers, "Host=d;X=a;", "%s: %s", shown(bytes).c_str(),
                   reading.headers.c_str());
      cr_expect_eq(reading.start, "GET / 1.1");
    }
  }
}

Test(http, answers_are_read_as_they_are_meant) {
  const struct {
    std::string bytes;
    std::string start;
    Framing framing = Framing::none;
    bool keepAlive = true;
    std::string data = {};
    std::string rest = {};
    bool toHead = false;
    bool done = true;
  } answers[] = {
      {"HTTP/1.1 204 No Content\r\n\r\nHTTP", "204 No Content 1.1", Framing::none, true, "",
       "HTTP"},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 Not Modified 1.1"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP", "100 Continue 1.1", Framing::none, true, "", "HTTP"},
      {"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw",
       "101 UPGRADED 1.1", Framing::none, true, "", "raw"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiX", "200 OK 1.1", Framing::length, true, "hi",
       "X"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nX", "200 OK 1.1",
       Framing::chunked, true, "hi", "X"},
      {"HTTP/1.1 200 OK\r\n\r\nhello", "200 OK 1.1", Framing::untilClose, false, "hello", "", false,
       false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 OK 1.0", Framing::length, false,
       "hi"},
      {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200  1.1"},
      {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200  1.1"},
      {"HTTP/1.1 404 Not \xc3\xa4\r\nContent-Length: 0\r\n\r\n", "404 Not \xc3\xa4 1.1"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP", "200 OK 1.1", Framing::none, true, "",
       "HTTP", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP", "200 OK 1.1", Framing::none,
       true, "", "HTTP", true},
  };
  for (const auto& each : answers) {
    Reading reading = read(Kind::response, each.bytes, {{}, each.toHead});
    const char* bytes = each.bytes.c_str();
    cr_expect_eq(reading.error, 0, "%s: %s", bytes, reading.why.c_str());
    cr_expect_eq(reading.start, each.start, "%s: %s", bytes, reading.start.c_str());
    cr_expect(reading.framing == each.framing, "%s", bytes);
    cr_expect_eq(reading.keepAlive, each.keepAlive, "%s", bytes);
    cr_expect_eq(reading.data, each.data, "%s", bytes);
    cr_expect_eq(reading.rest, each.rest, "%s: %s", bytes, reading.rest.c_str());
    cr_expect_eq(reading.bodyDone, each.done, "%s", bytes);
  }
}

Test(http, malformed_answers_are_refused) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& bytes : {
           std::string("garbage"),
           std::string("HTTP/1.1 abc OK\r\n\r\n"),
           std::string("HTTP/1.1 20 OK\r\n\r\n"),
           std::string("HTTP/1.1 2000 OK\r\n\r\n"),
           std::string("HTTP/1.1 200 O\0K\r\n\r\n", 20),
           std::string("HTTP/1.1 200 O\x01K\r\n\r\n"),
           std::string("HTTP/1.1 200 O\rK\r\n\r\n"),
           std::string("HTTP/3.1 200 OK\r\n\r\n"),
           ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
           ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           ok + "Transfer-Encoding: gzip\r\n\r\n",
           ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           ok + "Set-Cookie: a\rX: b\r\n\r\n",
       }) {
    Reading reading = read(Kind::response, bytes);
    cr_expect_eq(reading.error, 400, "%s: %d", shown(bytes).c_str(), reading.error);
  }
}

Test(http, limits_hold_to_the_byte) {
  HttpLimits limits{200, 5};
  auto head = [](size_t size) {
    std::string start = "GET / HTTP/1.1\r\nHost: d\r\nX: ";
    return start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n";
  };
  cr_expect_eq(read(Kind::request, head(200), {limits}).error, 0);
  cr_expect_eq(read(Kind::request, head(201), {limits}).error, 431);
  cr_expect_eq(read(Kind::request, head(2000), {limits}).error, 431);
  // The blank lines before a head are not a part of it, and what comes behind it neither.
  cr_expect_eq(read(Kind::request, std::string(300, '\n') + head(200), {limits}).error, 0);
  cr_expect_eq(read(Kind::request, head(200) + std::string(900, 'x'), {limits}).error, 0);

  auto headers = [](int count) {
    std::string text = "GET / HTTP/1.1\r\nHost: d\r\n";
    for (int i = 1; i < count; i++) text += "X: a\r\n";
    return text + "\r\n";
  };
  cr_expect_eq(read(Kind::request, headers(5), {limits}).error, 0);
  cr_expect_eq(read(Kind::request, headers(6), {limits}).error, 431);
  cr_expect_eq(read(Kind::request, "GET /" + std::string(300, 'a'), {limits}).error, 431);
  cr_expect_eq(read(Kind::request, "GET / HTTP/1.1\r\n" + std::string(300, 'a'), {limits}).error,
               431);
}

Test(http, what_stands_between_the_data_of_chunks_is_limited_like_a_head) {
  HttpLimits limits{1000, 20};
  const std::string post = "POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string data = "5\r\nhello\r\n";
  for (std::string flood : {"5;" + std::string(5000, 'a') + "\r\nhello\r\n0\r\n\r\n",
                            "0\r\nX: " + std::string(5000, 'a') + "\r\n\r\n"}) {
    MessageReader reader(Kind::request, limits);
    int piece = 0;
    Reading reading = readInPieces(reader, post + data + flood,
                                   [&] { return piece++ == 0 ? post.size() + data.size() : 100; });
    cr_expect_eq(reading.error, 431);
  }
  std::string much = post;
  for (int i = 0; i < 1000; i++) much += data;
  cr_expect_eq(read(Kind::request, much + "0\r\n\r\n", {limits}).error, 0);
}

Test(http, a_reader_serves_one_message_after_the_other) {
  MessageReader reader(Kind::request, {});
  const struct {
    std::string bytes;
    std::string start;
    std::string data = {};
  } messages[] = {
      {"POST /1 HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc", "POST /1 1.1", "abc"},
      {"GET /2 HTTP/1.0\r\n\r\n", "GET /2 1.0"},
      {"POST /3 HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
       "POST /3 1.1", "x"},
      {"GET /4 HTTP/1.1\r\nHost: d\r\nX: " + std::string(3000, 'a') + "\r\n\r\n", "GET /4 1.1"},
      {"GET /5 HTTP/1.1\r\nHost: d\r\n\r\n", "GET /5 1.1"},
  };
  std::string stream;
  for (const auto& each : messages) stream += each.bytes;
  for (const auto& each : messages) {
    cr_expect_not(reader.started());
    std::string data;
    stream.erase(0, reader.feedHead(stream));
    cr_assert(reader.headDone());
    cr_expect(reader.started());
    reader.collectInto(&data);
    stream.erase(0, reader.feedBody(stream));
    Reading reading;
    readHead(reader.head(), reading);
    cr_expect_eq(reading.start, each.start, "%s", reading.start.c_str());
    cr_expect_eq(data, each.data);
    cr_expect(reader.bodyDone());
    reader.reset();
  }
  cr_expect(stream.empty());
}

Test(http, an_end_of_the_connection_ends_only_bodies_without_another_end) {
  const struct {
    std::string bytes;
    bool ends;
  } answers[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", true},
      {"HTTP/1.1 200 OK\r\n\r\nhello", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", false},
      {"HTTP/1.1 200 OK\r\n", false},
      {"", false},
  };
  for (const auto& each : answers) {
    MessageReader reader(Kind::response, {});
    readInPieces(reader, each.bytes, [] { return SIZE_MAX; });
    cr_expect_eq(reader.endOfStream(), each.ends, "%s", each.bytes.c_str());
    cr_expect_eq(reader.bodyDone(), each.ends, "%s", each.bytes.c_str());
  }
}
