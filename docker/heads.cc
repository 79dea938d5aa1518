#include "docker/heads.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "base/http.h"
#include "base/http_heads.h"
#include "base/json.h"

namespace docker {

std::string commonHeaders(std::string_view storedHead) {
  std::string found;
  while (!storedHead.empty()) {
    size_t end = storedHead.find("\r\n") + 2;
    std::string_view line = storedHead.substr(0, end);
    std::string_view name = line.substr(0, line.find(':'));
    for (std::string_view common : {"Api-Version", "Docker-Experimental", "Ostype", "Server"}) {
      if (base::equalsIgnoreCase(name, common)) found.append(line);
    }
    storedHead.remove_prefix(end);
  }
  return found;
}

std::string jsonHead(int status, std::string_view common) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(base::reasonPhrase(status)).append("\r\n").append(common);
  return head.append("Content-Type: application/json\r\n");
}

std::string errorBody(std::string_view message) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("message");
  writer.String(message.data(), static_cast<rapidjson::SizeType>(message.size()));
  writer.EndObject();
  std::string body(buffer.GetString(), buffer.GetSize());
  body.push_back('\n');
  return body;
}

std::string errorMessage(std::string_view body) {
  const rapidjson::Document document = base::parseJson(body);
  std::string_view message = base::text(document, "message");
  if (!message.empty()) return std::string(message);
  return std::string(body.substr(0, body.find_last_not_of(" \r\n\t") + 1));
}

std::string progressError(std::string_view lines) {
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    std::string error(base::text(base::parseJson(line), "error"));
    if (!error.empty()) return error;
  }
  return {};
}

}  // namespace docker
