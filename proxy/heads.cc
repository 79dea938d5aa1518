#include "proxy/heads.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/http.h"

namespace proxy {

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

}  // namespace proxy
