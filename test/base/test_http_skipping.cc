// Bodies that the kernel moves: the reader is shown a little and told of the rest.

#include "base/http.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

using base::HttpError;
using base::MessageReader;

namespace {

using Kind = MessageReader::Kind;

std::string hex(size_t number) {
  char text[20];
  std::snprintf(text, sizeof text, "%zx", number);
  return text;
}

// Goes through a body as the kernel would move it: shows the reader a few bytes, then skips what
// it says need not be shown.
struct Walk {
  std::minstd_rand random{3};
  size_t window = 64;    // how many bytes are looked at, at most
  size_t arriving = 64;  // how many arrive at a time, at most
  uint64_t skipped = 0;

  // Returns how much of `body` belonged to it.
  size_t through(MessageReader& reader, std::string_view body) {
    size_t at = 0;
    while (!reader.bodyDone() && at < body.size()) {
      size_t arrived = 1 + random() % arriving;
      at += reader.feedBody(body.substr(at, std::min(window, arrived)));
      uint64_t unseen = std::min<uint64_t>(reader.skippable(), body.size() - at);
      if (random() % 4 == 0) unseen = std::min<uint64_t>(unseen, random() % 100);
      reader.skip(unseen);
      skipped += unseen;
      at += unseen;
    }
    return at;
  }
};

}  // namespace

Test(http, bodies_can_be_skipped_through_wherever_they_are_cut) {
  std::minstd_rand random(5);
  for (int run = 0; run < 300; run++) {
    std::string body;
    size_t most = run % 3 == 0 ? 20 : run % 3 == 1 ? 300 : 70'000;
    for (unsigned chunks = random() % 40; chunks > 0; chunks--) {
      size_t size = 1 + random() % most;
      body += (random() % 5 ? "" : "00") + hex(size) + (random() % 5 ? "" : ";e=f") + "\r\n" +
              std::string(size, "0\r\n\r\na"[random() % 6]) + "\r\n";
    }
    body += random() % 2 ? "0\r\n\r\n" : "0\r\nX: y\r\n\r\n";
    MessageReader reader(Kind::request, {});
    reader.feedHead("POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n");
    Walk walk{std::minstd_rand(random()), 1 + random() % 64, 1 + random() % 200};
    size_t end = 0;
    std::string why;
    try {
      end = walk.through(reader, body + "GET / HTTP/1.1\r\n");
    } catch (const HttpError& error) {
      why = error.what();
    }
    cr_assert(reader.bodyDone() && end == body.size(), "run %d: ended at %zu of %zu: %s", run, end,
              body.size(), why.c_str());
  }
}

Test(http, most_of_a_large_body_need_not_be_shown) {
  const size_t size = 1'000'000;
  const std::string data(size, 'x');
  const struct {
    std::string head;
    std::string body;
  } answers[] = {
      {"Content-Length: 1000000\r\n", data},
      {"Transfer-Encoding: chunked\r\n", hex(size) + "\r\n" + data + "\r\n0\r\n\r\n"},
      {"", data},
  };
  for (const auto& each : answers) {
    MessageReader reader(Kind::response, {});
    reader.feedHead("HTTP/1.1 200 OK\r\n" + each.head + "\r\n");
    Walk walk;
    walk.through(reader, each.body);
    cr_expect_geq(walk.skipped, size * 9 / 10, "%s", each.head.c_str());
    cr_expect(reader.endOfStream());
  }
}

Test(http, the_size_of_the_chunk_in_hand_is_known) {
  MessageReader reader(Kind::response, {});
  reader.feedHead("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  cr_expect_eq(reader.chunkSize(), 0);
  reader.feedBody("8000\r\nab");
  cr_expect_eq(reader.chunkSize(), 0x8000);
}
