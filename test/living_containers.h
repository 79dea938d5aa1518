#pragma once

// Containers of a SmallDocker that live: each is as its create asked for, is started, stopped,
// renamed and removed, and the engine's lists, inspections and events tell. Other questions
// SmallDocker answers.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "docker/merge_json.h"
#include "test/cluster_house.h"

namespace test {

class LivingContainers {
 public:
  // The engine must outlive it.
  explicit LivingContainers(SmallDocker& engine) : engine_(engine) {
    engine.images = {"app"};
    engine.first = [this](const std::string& asked) { return answer(asked); };
  }
  LivingContainers(const LivingContainers&) = delete;
  LivingContainers& operator=(const LivingContainers&) = delete;

  struct One {
    std::string id;
    std::string name;
    std::string asked;  // the body of its create
    int64_t created = 0;
    std::string state = "created";
  };

  std::vector<One> all;  // newest first
  // Answers instead of us what it knows; else gives nothing.
  std::function<std::string(const std::string& asked)> before;

  // As one that a client made and started at the engine itself.
  One& run(const std::string& name, const std::string& body) {
    One& made = make(name, body);
    made.state = "running";
    tell("create", made.id);
    return made;
  }
  void rename(const std::string& name, const std::string& to) {
    One& one = *named(name);
    one.name = to;
    tell("rename", one.id);
  }
  void remove(const std::string& name) {
    std::string id = named(name)->id;
    std::erase_if(all, [&](const One& each) { return each.id == id; });
    tell("destroy", id);
  }
  // By name or id; null if there is none. Valid until the next one is made or removed.
  One* named(const std::string& object) {
    auto found = std::find_if(all.begin(), all.end(), [&](const One& each) {
      return each.name == object || each.id.starts_with(object);
    });
    return found == all.end() ? nullptr : &*found;
  }
  bool runs(const std::string& name) {
    One* one = named(name);
    return one && one->state == "running";
  }

 private:
  One& make(const std::string& name, const std::string& body) {
    made_++;
    std::string id = LivelyDocker::idOf(engine_.host + "a" + std::to_string(made_) + name);
    return *all.insert(all.begin(), {id, name, body, 1'700'000'000 + made_});
  }

  void tell(const std::string& action, const std::string& id) {
    engine_.docker.emit("{\"Type\":\"container\",\"Action\":\"" + action +
                        "\",\"Actor\":{\"ID\":\"" + id + "\"}}");
  }

  static std::string partOf(const std::string& body, std::string_view member) {
    std::optional<docker::JsonObject> object = docker::JsonObject::parse(body);
    std::string_view part = object ? object->find(member) : std::string_view();
    return part.empty() ? "{}" : std::string(part);
  }

  static std::string entry(const One& one) {
    bool runs = one.state == "running";
    return "{\"Id\":\"" + one.id + "\",\"Names\":[\"/" + one.name +
           "\"],\"Created\":" + std::to_string(one.created) +
           ",\"Labels\":" + partOf(one.asked, "Labels") + ",\"Ports\":[],\"State\":\"" + one.state +
           "\",\"Status\":\"" + (runs ? "Up 5 minutes" : "Created") + "\"}";
  }

  // Those that have this label, of the question's filter; else all.
  std::string list(const std::string& asked) const {
    const std::string filter = "io.drover.global.of%3D";
    size_t at = asked.find(filter);
    std::string group = at == std::string::npos ? "" : asked.substr(at + filter.size(), 64);
    std::string entries;
    for (const One& each : all) {
      if (each.asked.find(group) != std::string::npos)
        entries += (entries.empty() ? "" : ",") + entry(each);
    }
    return answerOf("[" + entries + "]\n");
  }

  static std::string inspection(const One& one) {
    std::string config = "{";
    std::optional<docker::JsonObject> asked = docker::JsonObject::parse(one.asked);
    for (const docker::JsonMember& each : asked->members()) {
      if (each.name == "HostConfig" || each.name == "NetworkingConfig") continue;
      config += (config.size() > 1 ? ",\"" : "\"") + std::string(each.name) +
                "\":" + std::string(each.value);
    }
    std::string state = "{\"Status\":\"" + one.state + "\"";
    if (one.state == "running") state += R"(,"Running":true,"Health":{"Status":"healthy"})";
    return answerOf(
        "{\"Id\":\"" + one.id + "\",\"Name\":\"/" + one.name + "\",\"Config\":" + config +
        "},\"HostConfig\":" + partOf(one.asked, "HostConfig") + ",\"State\":" + state + "}}\n");
  }

  std::string create(const std::string& asked) {
    const std::string& body = engine_.docker.lastBody();
    rapidjson::Document json = base::parseJson(body);
    bool hasImage = std::find(engine_.images.begin(), engine_.images.end(),
                              base::text(json, "Image")) != engine_.images.end();
    if (!hasImage) return "";
    std::string name = asked.substr(asked.find("name=") + 5);
    if (named(name)) return answerOf("{\"message\":\"in use\"}\n", "409 Conflict");
    std::string id = make(name, body).id;
    tell("create", id);
    return answerOf("{\"Id\":\"" + id + "\",\"Warnings\":[]}\n", "201 Created");
  }

  std::string answer(const std::string& asked) {
    std::string told;
    if (before) told = before(asked);
    if (!told.empty()) return told;
    if (asked.starts_with("GET /containers/json")) return list(asked);
    if (asked.starts_with("POST /containers/create")) return create(asked);
    constexpr std::string_view containers = " /containers/";
    size_t at = asked.find(containers);
    if (at == std::string::npos) return "";
    std::string method = asked.substr(0, at);
    std::string object = asked.substr(at + containers.size());
    std::string what = object.substr(std::min(object.find('/'), object.size()));
    object.resize(std::min(object.find_first_of("/?"), object.size()));
    One* one = named(object);
    if (!one) return "";
    if (what == "/json") return inspection(*one);
    return change(*one, method, what);
  }

  std::string change(One& one, const std::string& method, const std::string& what) {
    if (method == "DELETE") {
      remove(std::string(one.id));
    } else if (what.starts_with("/rename?name=")) {
      rename(std::string(one.id), what.substr(13));
    } else if (what.starts_with("/start")) {
      one.state = "running";
      tell("start", one.id);
    } else if (what.starts_with("/stop")) {
      one.state = "exited";
      tell("die", one.id);
    } else {
      return "";
    }
    return answerOf("", "204 No Content");
  }

  SmallDocker& engine_;
  int made_ = 0;
};

}  // namespace test
