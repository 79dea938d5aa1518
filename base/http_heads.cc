#include "base/http_heads.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace base {
namespace {

// As one piece, so that room is looked for once.
void appendHeader(std::string& out, std::string_view name, std::string_view value) {
  size_t before = out.size();
  out.resize(before + name.size() + value.size() + 4);
  char* at = std::copy(name.begin(), name.end(), out.data() + before);
  *at++ = ':';
  *at++ = ' ';
  at = std::copy(value.begin(), value.end(), at);
  *at++ = '\r';
  *at = '\n';
}

// Headers about one connection, not about the message. A header may also be named in Connection, if
// there is one; those that frame or address the message are never dropped for that.
bool isAboutConnection(const Head& head, bool hasConnection, std::string_view name) {
  switch (name.size()) {
    case 2:
      return equalsIgnoreCase(name, "TE");
    case 7:
      if (equalsIgnoreCase(name, "Upgrade")) return true;
      break;
    case 10:
      if (equalsIgnoreCase(name, "Connection") || equalsIgnoreCase(name, "Keep-Alive")) return true;
      break;
    case 16:
      if (equalsIgnoreCase(name, "Proxy-Connection")) return true;
      break;
    default:
      break;
  }
  if (!hasConnection) return false;
  for (std::string_view kept : {"Host", "Content-Length", "Transfer-Encoding", "Content-Type"}) {
    if (equalsIgnoreCase(name, kept)) return false;
  }
  for (size_t i = 0; i < head.size(); i++) {
    Head::Header header = head[i];
    if (equalsIgnoreCase(header.name, "Connection") && hasToken(header.value, name)) return true;
  }
  return false;
}

void appendHeaders(std::string& out, const Head& head) {
  bool hasConnection = head.find("Connection").has_value();
  for (size_t i = 0; i < head.size(); i++) {
    Head::Header header = head[i];
    if (!isAboutConnection(head, hasConnection, header.name))
      appendHeader(out, header.name, header.value);
  }
}

bool isUpgradeNamed(const Head& head) {
  for (size_t i = 0; i < head.size(); i++) {
    Head::Header header = head[i];
    if (equalsIgnoreCase(header.name, "Connection") && hasToken(header.value, "upgrade"))
      return true;
  }
  return false;
}

void appendStatusLine(std::string& out, const Head& answer) {
  out.append(answer.minorVersion() == 0 ? "HTTP/1.0 " : "HTTP/1.1 ");
  out.append(std::to_string(answer.status()));
  out.push_back(' ');
  out.append(answer.reason());
  out.append("\r\n");
}

}  // namespace

void appendRequestHead(std::string& out, const Head& request, std::string_view more) {
  out.append(request.method());
  out.push_back(' ');
  out.append(request.target());
  out.append(request.minorVersion() == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  appendHeaders(out, request);
  // dockerd takes an Upgrade for one whether Connection names it or not.
  if (std::optional<std::string_view> protocol = request.find("Upgrade")) {
    if (isUpgradeNamed(request)) out.append("Connection: Upgrade\r\n");
    appendHeader(out, "Upgrade", *protocol);
  }
  out.append(more);
  out.append("\r\n");
}

void appendAnswerHead(std::string& out, const Head& answer, ConnectionEnd end) {
  appendStatusLine(out, answer);
  appendHeaders(out, answer);
  if (std::string_view protocol = answer.upgrade(); !protocol.empty()) {
    out.append("Connection: Upgrade\r\n");
    appendHeader(out, "Upgrade", protocol);
  }
  if (end == ConnectionEnd::close) out.append("Connection: close\r\n");
  if (end == ConnectionEnd::keepAlive) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

void appendStoredHead(std::string& out, const Head& answer) {
  appendStatusLine(out, answer);
  bool hasConnection = answer.find("Connection").has_value();
  for (size_t i = 0; i < answer.size(); i++) {
    Head::Header header = answer[i];
    bool framing = equalsIgnoreCase(header.name, "Content-Length") ||
                   equalsIgnoreCase(header.name, "Transfer-Encoding");
    if (framing || equalsIgnoreCase(header.name, "Date")) continue;
    if (!isAboutConnection(answer, hasConnection, header.name))
      appendHeader(out, header.name, header.value);
  }
}

std::string storedHeader(std::string_view head, std::string_view name) {
  size_t at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return {};
  std::string_view value = head.substr(at + name.size() + 4);
  return std::string(value.substr(0, value.find("\r\n")));
}

void appendDate(std::string& out) {
  appendDate(out, std::time(nullptr));
}

// strftime(), with its locales and time zones, would take longer than all else of an answer of
// ours.
void appendDate(std::string& out, std::time_t time) {
  std::chrono::sys_seconds second{std::chrono::seconds(time)};
  std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(second);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(second - day);
  constexpr std::string_view weekdays = "SunMonTueWedThuFriSat";
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char text[] = "Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n";
  auto number = [&text](size_t at, unsigned value) {
    text[at] = static_cast<char>('0' + value / 10 % 10);
    text[at + 1] = static_cast<char>('0' + value % 10);
  };
  weekdays.copy(text + 6, 3, size_t{3} * std::chrono::weekday(day).c_encoding());
  number(11, static_cast<unsigned>(date.day()));
  months.copy(text + 14, 3, size_t{3} * (static_cast<unsigned>(date.month()) - 1));
  auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  number(18, year / 100);
  number(20, year);
  number(23, static_cast<unsigned>(clock.hours().count()));
  number(26, static_cast<unsigned>(clock.minutes().count()));
  number(29, static_cast<unsigned>(clock.seconds().count()));
  out.append(text, sizeof text - 1);
}

std::string_view reasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

}  // namespace base
