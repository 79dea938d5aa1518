// Who has an object: who is asked for it and in which order, and what is said when somebody cannot
// be asked.

#include "catalog/locator.h"

#include <criterion/criterion.h>

#include <map>
#include <string>
#include <vector>

#include "catalog/record_feed.h"
#include "docker/heads.h"
#include "test/container_records.h"
#include "test/fake_docker.h"

using namespace test;
using catalog::Kind;
using catalog::Located;
using catalog::Locator;

namespace {

cluster::NodeId node(char letter) {
  return *cluster::NodeId::parse(std::string(cluster::NodeId::length, letter));
}

std::string idOf(const std::string& begin) {
  return begin + std::string(64 - begin.size(), '0');
}

// What one engine has, by the targets that it knows, and what it was asked.
struct Objects {
  Objects(Stage& stage) : docker(stage) {
    docker.answerWith([this](const std::string& startLine) {
      std::string target = startLine.substr(4, startLine.find(" HTTP/") - 4);
      asked.push_back(target);
      auto found = known.find(target);
      bool isKnown = found != known.end();
      std::string body = isKnown ? found->second : docker::errorBody("No such object");
      int code = silent ? 503 : isKnown ? 200 : 404;
      return "HTTP/1.1 " + std::to_string(code) +
             " So\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    });
  }

  FakeDocker docker;
  std::map<std::string, std::string> known;  // bodies by target
  std::vector<std::string> asked;            // targets
  bool silent = false;                       // its droverd answers that its engine does not
};

// Ourselves, "a", and two others, of whose engines all is recorded.
struct World : cluster::Nodes {
  World() {
    for (char letter : {'a', 'b', 'c'}) {
      cluster::Node each;
      each.id = node(letter);
      each.name = std::string("node-") + letter;
      each.address = "10.0.0.1";
      each.self = letter == 'a';
      each.complete = true;
      if (letter != 'a') {
        each.http = std::make_shared<docker::Engine>(stage.loop, of(letter).docker.path(),
                                                     milliseconds(1000), base::HttpLimits());
      }
      list.push_back(std::move(each));
    }
    objects.follow(feed);
  }
  ~World() {
    feed.close();
    stage.cancel();
  }

  cluster::NodeId self() const override { return list[0].id; }
  std::vector<cluster::Node> nodes() const override { return list; }
  bool clustered() const override { return true; }
  bool wasRemoved(const cluster::NodeId&) const override { return false; }
  std::vector<cluster::NodeView> nodeViews() const override { return {}; }
  std::string clusterId() const override { return "cluster"; }

  Objects& of(char letter) { return letter == 'a' ? ours : letter == 'b' ? second : third; }
  cluster::Node& at(char letter) { return list[static_cast<size_t>(letter - 'a')]; }
  void record(char owner, const std::string& id, const std::string& name) {
    std::string record = "{\"Id\":\"" + id + "\",\"Names\":[\"/" + name + "\"]}";
    cr_assert(putRecord(index, node(owner), id, record, 1));
  }
  void recordObject(const cluster::NodeId& owner, const std::string& key, std::string record) {
    feed.recordChanged(owner, key, {std::move(record), 1});
  }
  Located find(Kind kind, const std::string& object) {
    return stage.run(locator.find(kind, object));
  }
  // The name of the node that has it, or the status without one.
  std::string where(Kind kind, const std::string& object) {
    Located located = find(kind, object);
    return located.node ? located.node->name : std::to_string(located.status);
  }
  std::string why(Kind kind, const std::string& object) {
    return docker::errorMessage(find(kind, object).body);
  }
  size_t questions() const { return ours.asked.size() + second.asked.size() + third.asked.size(); }

  Stage stage;
  Objects ours{stage}, second{stage}, third{stage};
  docker::Engine engine{stage.loop, ours.docker.path(), milliseconds(1000), {}};
  std::vector<cluster::Node> list;
  catalog::ContainerIndex index;
  catalog::ObjectIndex objects;
  catalog::RecordFeed feed;
  Locator locator{engine, *this, index, objects};
};

}  // namespace

Test(locator, a_recorded_container_is_found_by_id_name_or_prefix_without_a_question) {
  World world;
  world.record('b', idOf("ab1"), "web");
  for (const std::string& object : {idOf("ab1"), std::string("web"), std::string("ab1")})
    cr_expect_eq(world.where(Kind::container, object), "node-b", "%s", object.c_str());
  cr_expect_eq(world.questions(), 0);
}

Test(locator, a_prefix_of_two_recorded_containers_is_ambiguous_without_a_question) {
  World world;
  world.record('b', idOf("ab1"), "web");
  world.record('c', idOf("ab2"), "db");
  Located located = world.find(Kind::container, "ab");
  cr_expect_eq(located.status, 500);
  cr_expect_eq(docker::errorMessage(located.body), "Multiple IDs found with provided prefix: ab");
  cr_expect_eq(world.where(Kind::container, "ab2"), "node-c");
  cr_expect_eq(world.questions(), 0);
}

Test(locator, a_container_whose_node_is_down_is_told_with_that_node) {
  World world;
  world.record('b', idOf("ab1"), "web");
  world.at('b').up = false;
  Located located = world.find(Kind::container, "web");
  cr_expect_eq(located.status, 503);
  cr_expect_eq(docker::errorMessage(located.body), "node node-b (10.0.0.1), which has it, is down");
  cr_expect_eq(world.questions(), 0);
}

Test(locator, what_no_record_tells_is_asked_of_our_engine_and_then_of_all) {
  World world;
  const std::string target = "/containers/web/json";
  world.third.known[target] = "{\"Id\":\"web\"}";
  cr_expect_eq(world.where(Kind::container, "web"), "node-c");
  cr_expect_eq(world.questions(), 3);
  world.ours.known[target] = "{\"Id\":\"web\"}";
  cr_expect_eq(world.where(Kind::container, "web"), "node-a");
  cr_expect_eq(world.questions(), 4, "others are not asked for what is here");
}

Test(locator, a_prefix_that_engines_take_for_several_containers_is_ambiguous) {
  World world;
  world.ours.known["/containers/ab/json"] = "{\"Id\":\"" + idOf("ab1") + "\"}";
  cr_expect_eq(world.where(Kind::container, "ab"), "node-a");
  world.second.known["/containers/ab/json"] = "{\"Id\":\"" + idOf("ab2") + "\"}";
  cr_expect_eq(world.where(Kind::container, "ab"), "500");
}

Test(locator, an_exec_is_where_it_was_made) {
  World world;
  world.locator.execMade("e1", node('c'));
  cr_expect_eq(world.where(Kind::exec, "e1"), "node-c");
  cr_expect_eq(world.questions(), 0);
  // After so many others it is asked for.
  for (int i = 0; i < 4096; i++) world.locator.execMade("later" + std::to_string(i), node('b'));
  cr_expect_eq(world.where(Kind::exec, "e1"), "404");
  cr_expect_eq(world.questions(), 3);
}

Test(locator, a_node_that_has_it_by_its_records_is_asked_before_the_others) {
  World world;
  world.recordObject(node('c'), "network/n1", R"({"Name":"back"})");
  world.third.known["/networks/back"] = "{}";
  cr_expect_eq(world.where(Kind::network, "back"), "node-c");
  cr_expect(world.second.asked.empty());
  // Records that are no longer true.
  world.third.known.clear();
  world.second.known["/networks/back"] = "{}";
  cr_expect_eq(world.where(Kind::network, "back"), "node-b");
}

Test(locator, a_silent_engine_is_doubted_only_if_its_records_do_not_tell_all) {
  World world;
  world.second.silent = true;
  cr_expect_eq(world.where(Kind::volume, "data"), "404", "its records tell that it has none");
  world.at('b').complete = false;
  cr_expect_eq(world.where(Kind::volume, "data"), "503");
  std::string why = world.why(Kind::volume, "data");
  cr_expect(why.find("node-b") != std::string::npos, "%s", why.c_str());
  cr_expect_eq(world.where(Kind::image, "app"), "404", "an image can be pulled");
  world.third.known["/volumes/data"] = "{}";
  cr_expect_eq(world.where(Kind::volume, "data"), "node-c", "who has it is believed");
}

Test(locator, a_volume_waits_for_its_node_that_is_down_and_an_image_does_not) {
  World world;
  world.recordObject(node('b'), "volume/data", "{}");
  world.recordObject(node('b'), "image/sha256:aa", R"({"RepoTags":["app:latest"]})");
  world.at('b').up = false;
  cr_expect_eq(world.where(Kind::volume, "data"), "503");
  cr_expect_eq(world.why(Kind::volume, "data"), "node node-b (10.0.0.1), which has it, is down");
  cr_expect_eq(world.where(Kind::image, "app"), "404");
  // Another one of its name can be used.
  world.third.known["/volumes/data"] = "{}";
  cr_expect_eq(world.where(Kind::volume, "data"), "node-c");
}

Test(locator, holders_are_those_whose_engines_say_so_and_one_that_is_down_is_named) {
  World world;
  world.recordObject(node('b'), "volume/data", "{}");
  world.recordObject(node('c'), "volume/data", "{}");
  world.second.known["/volumes/data"] = "{}";
  world.at('c').up = false;
  Locator::Holders holders = world.stage.run(world.locator.holders(Kind::volume, "data"));
  cr_assert_eq(holders.up.size(), 1);
  cr_expect_eq(holders.up[0].name, "node-b");
  cr_assert(holders.down.has_value());
  cr_expect_eq(holders.down->name, "node-c");
  cr_expect_eq(holders.fault, "node node-c (10.0.0.1), which has volume data, is down");
}

Test(locator, a_holder_that_is_merely_doubted_does_not_matter_once_another_one_is_up) {
  World world;
  world.second.silent = true;
  world.at('b').complete = false;
  Locator::Holders holders = world.stage.run(world.locator.holders(Kind::network, "back"));
  cr_expect(holders.up.empty());
  cr_assert(holders.down.has_value());
  cr_expect_eq(holders.down->name, "node-b");
  cr_expect(holders.fault.starts_with("node node-b, which may have network back, does not answer"),
            "%s", holders.fault.c_str());
  world.third.known["/networks/back"] = "{}";
  holders = world.stage.run(world.locator.holders(Kind::network, "back"));
  cr_expect_not(holders.down.has_value());
}

Test(locator, images_are_told_apart_by_whether_a_container_is_of_them) {
  World world;
  for (char letter : {'b', 'c'})
    world.of(letter).known["/images/app/json"] = R"({"Id":"sha256:aa"})";
  std::string record =
      "{\"Id\":\"" + idOf("ab1") + "\",\"Names\":[\"/web\"],\"ImageID\":\"sha256:aa\"}";
  cr_assert(putRecord(world.index, node('b'), idOf("ab1"), record, 1));
  Locator::Images images = world.stage.run(world.locator.findImages("app"));
  cr_assert_eq(images.users.size(), 1);
  cr_expect_eq(images.users[0].name, "node-b");
  cr_assert_eq(images.holders.size(), 1);
  cr_expect_eq(images.holders[0].name, "node-c");
  cr_expect_eq(images.fault, "");
}

Test(locator, an_image_that_a_silent_node_may_have_is_told) {
  World world;
  world.third.known["/images/app/json"] = R"({"Id":"sha256:aa"})";
  world.second.silent = true;
  cr_expect_eq(world.stage.run(world.locator.findImages("app")).fault, "");
  world.recordObject(node('b'), "image/sha256:aa", R"({"RepoTags":["app:latest"]})");
  std::string fault = world.stage.run(world.locator.findImages("app")).fault;
  cr_expect(fault.starts_with("node node-b, which has app, does not answer"), "%s", fault.c_str());
  world.at('b').up = false;
  fault = world.stage.run(world.locator.findImages("app")).fault;
  cr_expect_eq(fault, "node node-b (10.0.0.1), which has app, is down");
}

Test(locator, a_former_image_of_a_tag_is_not_the_one_that_is_meant) {
  World world;
  world.recordObject(node('b'), "image/sha256:old", R"({"RepoTags":["app:latest"],"Created":100})");
  world.recordObject(node('c'), "image/sha256:new", R"({"RepoTags":["app:latest"],"Created":200})");
  world.second.known["/images/app/json"] = R"({"Id":"sha256:old"})";
  world.third.known["/images/app/json"] = R"({"Id":"sha256:new"})";
  cr_expect_eq(world.locator.meaning("app"), "sha256:new");
  cr_expect_eq(world.where(Kind::image, "app"), "node-c");
  Locator::Images images = world.stage.run(world.locator.findImages("app"));
  cr_assert_eq(images.stale.size(), 1);
  cr_expect_eq(images.stale[0].name, "node-b");
  // The tag goes on meaning what only a node that does not answer has.
  world.third.silent = true;
  std::string why = world.why(Kind::image, "app");
  cr_expect(why.starts_with("image app is on node node-c (10.0.0.1) only, which does not answer"),
            "%s", why.c_str());
}
