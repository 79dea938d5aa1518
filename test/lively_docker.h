#pragma once

// A FakeDocker's answers that make it look like a real engine with a few containers, as far as
// EngineState and ContainerListCache look.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "test/fake_docker.h"

namespace test {

inline std::string answerOf(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status +
         "\r\nApi-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10\r\n" +
         "X-Own: y\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct LivelyDocker {
  explicit LivelyDocker(FakeDocker& docker) {
    docker.answerWith([this](const std::string& startLine) { return answer(startLine); });
  }

  // Containers by name, newest first, as "State|Status".
  std::vector<std::pair<std::string, std::string>> containers;
  std::vector<std::string> asked;  // start lines, without the method's GET and the version
  std::string apiVersion = "1.41";
  std::function<void()> beforeList = [] {};

  static std::string idOf(const std::string& name) {
    std::string id;
    for (char c : name) id += "0123456789abcdef"[c % 16];
    return id + std::string(64 - id.size(), '0');
  }

  std::string list() const {
    std::string all;
    for (const auto& [name, state] : containers) {
      size_t bar = state.find('|');
      all += (all.empty() ? "" : ",") + std::string("{\"Id\":\"") + idOf(name) +
             "\",\"Names\":[\"/" + name + "\"],\"State\":\"" + state.substr(0, bar) +
             "\",\"Status\":\"" + state.substr(bar + 1) + "\"}";
    }
    return "[" + all + "]\n";
  }

  size_t count(const std::string& part) const {
    size_t found = 0;
    for (const std::string& each : asked) found += each.find(part) != std::string::npos;
    return found;
  }

 private:
  std::string answer(const std::string& startLine) {
    asked.push_back(startLine.substr(0, startLine.find(" HTTP/")));
    const std::string& what = asked.back();
    if (what == "GET /version")
      return answerOf("{\"ApiVersion\":\"" + apiVersion + "\",\"MinAPIVersion\":\"1.12\"}\n");
    if (what == "GET /_ping") return answerOf("OK");
    if (what == "HEAD /_ping") {
      std::string ping = answerOf("");
      return ping;
    }
    if (what.starts_with("GET /events")) {
      return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
             "Transfer-Encoding: chunked\r\n\r\n";
    }
    if (what.starts_with("GET /containers/json")) {
      beforeList();
      return answerOf(list());
    }
    if (what.ends_with("/json")) return answerOf("{\"State\":{}}");
    return answerOf("{\"message\":\"passed through\"}\n", "404 Not Found");
  }
};

}  // namespace test
