// Heads go in as text, are read, and come out as what is passed on.

#include "base/http_heads.h"

#include <criterion/criterion.h>

#include <ctime>
#include <string>

using base::MessageReader;

namespace {

// Parses a head and gives what `append` makes of it.
template <class Append>
std::string rewritten(MessageReader::Kind kind, const std::string& head, Append append) {
  MessageReader reader(kind, {});
  cr_assert_eq(reader.feedHead(head), head.size(), "%s", head.c_str());
  cr_assert(reader.headDone(), "%s", head.c_str());
  std::string out;
  append(out, reader.head());
  return out;
}

std::string request(const std::string& head) {
  return rewritten(MessageReader::Kind::request, head,
                   [](std::string& out, const base::Head& h) { base::appendRequestHead(out, h); });
}

std::string answer(const std::string& head, bool close = false) {
  return rewritten(MessageReader::Kind::response, head, [&](std::string& out, const base::Head& h) {
    base::appendAnswerHead(out, h,
                           close ? base::ConnectionEnd::close : base::ConnectionEnd::untold);
  });
}

std::string stored(const std::string& head) {
  return rewritten(MessageReader::Kind::response, head, base::appendStoredHead);
}

}  // namespace

Test(http_heads, requests_pass_without_what_is_about_the_clients_connection) {
  const struct {
    std::string headers;
    std::string passed;
  } requests[] = {
      {"Host: d\r\nX-A: 1\r\nx-a: 2\r\n", "Host: d\r\nX-A: 1\r\nx-a: 2\r\n"},
      {"Host: d\r\nX:    a  b\r\nE:\r\n", "Host: d\r\nX: a  b\r\nE: \r\n"},
      {"Host: d\r\nConnection: close\r\n", "Host: d\r\n"},
      {"Host: d\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Stays: 2\r\n",
       "Host: d\r\nX-Stays: 2\r\n"},
      {"Host: d\r\nKeep-Alive: 3\r\nProxy-Connection: x\r\nTE: trailers\r\n", "Host: d\r\n"},
      // dockerd needs no Connection to see an upgrade.
      {"Host: d\r\nUpgrade: tcp\r\n", "Host: d\r\nUpgrade: tcp\r\n"},
      {"Host: d\r\nUpgrade:\r\nConnection: close\r\n", "Host: d\r\nUpgrade: \r\n"},
      // Nobody may have us drop what frames or addresses the request.
      {"Host: d\r\nConnection: Host, Content-Length, Content-Type\r\nContent-Length: 2\r\n"
       "Content-Type: a\r\n",
       "Host: d\r\nContent-Length: 2\r\nContent-Type: a\r\n"},
      {"Host: d\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
       "Host: d\r\nTransfer-Encoding: chunked\r\n"},
      {"Host: d\r\nConnection: close\r\nConnection: X-Hop\r\nX-Hop: 1\r\n", "Host: d\r\n"},
      {"Host: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nX: y\r\n",
       "Host: d\r\nX: y\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"},
      {"Host: d\r\nExpect: 100-continue\r\nContent-Length: 2\r\n",
       "Host: d\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"},
  };
  for (const auto& each : requests) {
    std::string passed = request("POST /a?b HTTP/1.1\r\n" + each.headers + "\r\n");
    cr_expect_eq(passed, "POST /a?b HTTP/1.1\r\n" + each.passed + "\r\n", "%s", passed.c_str());
  }
  cr_expect_eq(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
               "GET / HTTP/1.0\r\n\r\n");
}

Test(http_heads, answers_pass_with_their_own_words) {
  cr_expect_eq(answer("HTTP/1.1 404 No Such Thing\r\nServer: Docker\r\nConnection: close\r\n\r\n"),
               "HTTP/1.1 404 No Such Thing\r\nServer: Docker\r\n\r\n");
  cr_expect_eq(answer("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", true),
               "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n");
  cr_expect_eq(answer("HTTP/1.0 200\r\n\r\n"), "HTTP/1.0 200 \r\n\r\n");
  std::string upgraded =
      "HTTP/1.1 101 UPGRADED\r\nContent-Type: x\r\nConnection: Upgrade\r\n"
      "Upgrade: tcp\r\n\r\n";
  cr_expect_eq(answer(upgraded), upgraded);
}

Test(http_heads, stored_ones_keep_what_can_be_said_again) {
  std::string head =
      "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nDate: today\r\nContent-Length: 2\r\n"
      "Connection: close\r\nOstype: linux\r\nX: y\r\n\r\n";
  cr_expect_eq(stored(head), "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nX: y\r\n");
  cr_expect_eq(stored("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
               "HTTP/1.1 200 OK\r\n");
}

Test(http_heads, dates_are_those_of_http) {
  std::string out;
  base::appendDate(out);
  std::tm parts{};
  const char* end = ::strptime(out.c_str(), "Date: %a, %d %b %Y %H:%M:%S GMT", &parts);
  cr_assert_not_null(end, "%s", out.c_str());
  cr_expect_eq(std::string(end), "\r\n");
  cr_expect_leq(std::time(nullptr) - ::timegm(&parts), 5);
  cr_expect_eq(out.size(), 37, "days have two digits");
}

Test(http_heads, dates_are_as_the_library_writes_them) {
  // Around the ends of days, months, leap years and centuries.
  for (std::time_t day : {0, 58, 59, 364, 789, 11015, 11016, 20777, 24836, 47540, 47541, 2932896}) {
    for (std::time_t second : {0, 1, 35999, 43200, 86399}) {
      std::time_t time = day * 86400 + second;
      std::tm parts{};
      ::gmtime_r(&time, &parts);
      char want[64];
      std::strftime(want, sizeof want, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
      std::string out = "X: y\r\n";
      base::appendDate(out, time);
      cr_expect_eq(out, "X: y\r\n" + std::string(want), "%s", out.c_str());
    }
  }
}

Test(http, header_values_are_lists_of_tokens) {
  cr_expect(base::hasToken("close", "close"));
  cr_expect(base::hasToken("keep-alive, \tUpgrade ", "upgrade"));
  cr_expect_not(base::hasToken("", "close"));
  cr_expect_not(base::hasToken("closed, not-close", "close"));
  cr_expect(base::hasToken(",,close,", "close"));
}

Test(http, an_upgrade_needs_both_headers) {
  const struct {
    std::string headers;
    std::string upgrade;
  } heads[] = {
      {"Upgrade: tcp\r\nConnection: Upgrade\r\n", "tcp"},
      {"connection: keep-alive, upgrade\r\nupgrade: h2c\r\n", "h2c"},
      {"Connection: close\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", "websocket"},
      {"Upgrade: tcp\r\n", ""},
      {"Connection: Upgrade\r\n", ""},
      {"Connection: Upgrade\r\nUpgrade:\r\n", ""},
  };
  for (const auto& each : heads) {
    MessageReader reader(MessageReader::Kind::request, {});
    reader.feedHead("POST / HTTP/1.1\r\nHost: d\r\n" + each.headers + "\r\n");
    cr_assert(reader.headDone());
    cr_expect_eq(reader.head().upgrade(), each.upgrade, "%s", each.headers.c_str());
  }
}
