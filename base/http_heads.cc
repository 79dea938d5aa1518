#include "base/http_heads.h"

#include <ctime>

namespace base {
namespace {

void appendHeader(std::string& out, std::string_view name, std::string_view value) {
  out.append(name);
  out.append(": ");
  out.append(value);
  out.append("\r\n");
}

// Headers about one connection, not about the message. A header may also be named in Connection;
// those that frame or address the message are never dropped for that.
bool isAboutConnection(const Head& head, std::string_view name) {
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
  for (size_t i = 0; i < head.size(); i++) {
    Head::Header header = head[i];
    if (!isAboutConnection(head, header.name)) appendHeader(out, header.name, header.value);
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
  for (size_t i = 0; i < answer.size(); i++) {
    Head::Header header = answer[i];
    bool framing = equalsIgnoreCase(header.name, "Content-Length") ||
                   equalsIgnoreCase(header.name, "Transfer-Encoding");
    if (framing || equalsIgnoreCase(header.name, "Date")) continue;
    if (!isAboutConnection(answer, header.name)) appendHeader(out, header.name, header.value);
  }
}

void appendDate(std::string& out) {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[64];
  size_t length = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  out.append(text, length);
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
