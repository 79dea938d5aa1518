// Calls about images of all hosts: which node is asked, and what is brought together first.

#include "proxy/api/image_calls.h"

#include <criterion/criterion.h>

#include <string>
#include <utility>

#include "base/url.h"
#include "test/cluster_checks.h"

using namespace test;
using base::HttpReply;

Test(cluster_api, a_pull_lands_where_the_container_will_be) {
  Hosts hosts(2);
  const std::string body = create("app", R"("Env":["constraint:node==host-2"])");
  HttpReply reply = hosts.one().ask("POST", "/containers/create", body);
  expectRefused(reply, 404, "No such image: app");
  cr_expect_eq(hosts.one().ask("POST", "/images/create?fromImage=app&tag=latest").body,
               "{\"on\":\"host-2\"}\n");
  hosts.two().engine.images = {"app"};
  cr_expect_eq(hosts.one().ask("POST", "/containers/create", body).status, 201);
  cr_expect_eq(hosts.one().ask("POST", "/images/create?fromImage=app&tag=latest").body,
               "{\"on\":\"host-1\"}\n", "it is not remembered for longer");
}

Test(cluster_api, an_image_counts_once_wherever_it_is) {
  Hosts hosts(2);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    each->engine.first = [](const std::string& asked) {
      if (asked != "GET /images/json") return std::string();
      return answerOf(R"([{"Id":"sha256:aa","RepoTags":["app:1"]},{"Id":"sha256:bb"}])");
    };
    each->engine.tell("image", "load");
  }
  hosts.stage.until([&] {
    return hosts.one().droverd->objects.holders(docker::ObjectKind::image, "app:1").size() == 2;
  });
  cr_expect_eq(base::number(base::parseJson(hosts.one().get("/info")), "Images"), 2);
}

Test(cluster_api, all_tags_of_a_repository_are_pushed_from_one_node) {
  Hosts hosts(3);
  hosts.two().engine.images = {"app"};
  hosts.two().engine.first = [](const std::string& asked) {
    if (!asked.starts_with("GET /images/json")) return std::string();
    return answerOf(R"([{"Id":"a","RepoTags":["app:1","app:2","app:4"]}])");
  };
  hosts.three().engine.first = [](const std::string& asked) {
    if (asked.starts_with("GET /images/get")) return inChunks("tar");
    if (!asked.starts_with("GET /images/json")) return std::string();
    return answerOf(R"([{"Id":"b","RepoTags":["app:3","app:2"]}])");
  };
  HttpReply pushed = hosts.one().ask("POST", "/images/app/push");
  cr_expect_eq(pushed.body, "{\"on\":\"host-2\"}\n", "%s", pushed.body.c_str());
  cr_expect_eq(hosts.three().engine.count("GET /images/get?names=app%3A3"), 1);
  cr_expect_eq(hosts.three().engine.count("GET /images/get"), 1, "what is there is not sent");
  cr_expect_eq(hosts.two().engine.count("POST /images/load"), 1);
  cr_expect_eq(hosts.two().engine.count("POST /images/app/push"), 1);
  expectRefused(hosts.one().ask("POST", "/images/none/push"), 404, "No such image: none");
  cr_expect_eq(hosts.one().engine.count("POST /images/none/push"), 1, "our engine says so");
}

Test(cluster_api, an_image_whose_name_is_encoded_is_saved_under_its_name) {
  Hosts hosts(2);
  hosts.two().engine.images = {"team/app:1"};
  hosts.two().engine.first = [](const std::string& asked) {
    return asked.starts_with("GET /images/get") ? inChunks("tar") : std::string();
  };
  hosts.one().engine.first = [&](const std::string& asked) {
    if (asked.starts_with("POST /images/load")) hosts.one().engine.images = {"team/app:1"};
    return std::string();
  };
  HttpReply saved = hosts.one().ask("GET", "/images/team%2Fapp%3A1/get");
  cr_expect_eq(saved.status, 200, "%s", saved.body.c_str());
  cr_expect_eq(hosts.two().engine.count("GET /images/get?names=team%2Fapp%3A1"), 1);
  cr_expect_eq(hosts.one().engine.count("POST /images/load"), 1);
}

Test(cluster_api, a_list_of_images_is_cut_at_one_that_another_node_has) {
  Hosts hosts(2);
  auto engine = [](const std::string& list, const std::string& moments) {
    return [list, moments](const std::string& asked) {
      if (asked.starts_with("GET /images/json")) return answerOf(list);
      for (const char* image : {"mark", "near"}) {
        size_t at = moments.find(image);
        if (asked != "GET /images/" + std::string(image) + "/json" || at == std::string::npos)
          continue;
        return answerOf(R"({"Created":"2023-11-14T22:13:20.)" + moments.substr(at + 5, 1) + "Z\"}");
      }
      return std::string();
    };
  };
  hosts.one().engine.first =
      engine(R"([{"Id":"new","Created":1700000001},{"Id":"near","Created":1700000000},)"
             R"({"Id":"old","Created":1699999999}])",
             "near=4");
  hosts.two().engine.first = engine(
      R"([{"Id":"mark","Created":1700000000},{"Id":"older","Created":1699999998}])", "mark=5");
  auto shown = [&](const std::string& filters) {
    std::string list = hosts.one().get("/images/json?filters=" + base::encodeQueryValue(filters));
    rapidjson::Document json = base::parseJson(list);
    cr_assert(json.IsArray(), "%s", list.c_str());
    std::string ids;
    for (const rapidjson::Value& each : std::as_const(json).GetArray())
      ids += std::string(base::text(each, "Id")) + " ";
    return ids;
  };
  cr_expect_eq(shown(R"({"before":["mark"]})"), "near old older ");
  cr_expect_eq(shown(R"({"since":["mark"]})"), "new ");
  cr_expect_eq(shown(R"({"since":{"near":true},"before":{"mark":true}})"), "");
  cr_expect_eq(shown(R"({"before":["mark"],"node":["host-2"]})"), "older ");
  hosts.one().get("/images/json?filters=" + base::encodeQueryValue(R"({"since":["none"]})"));
  cr_expect_eq(hosts.one().engine.count("since"), 1, "our engine words what nobody has");
}

Test(image_calls, a_tag_is_given_on_each_node_that_has_the_image) {
  Hosts hosts(3);
  for (Host* each : {&hosts.two(), &hosts.three()}) each->engine.images = {"app"};
  HttpReply reply = hosts.one().ask("POST", "/images/app/tag?repo=b");
  cr_expect_eq(reply.status, 200, "%s", reply.body.c_str());
  const std::string asked = "POST /images/app/tag?repo=b";
  cr_expect_eq(hosts.one().engine.count(asked), 0);
  cr_expect_eq(hosts.two().engine.count(asked), 1);
  cr_expect_eq(hosts.three().engine.count(asked), 1);
}

Test(image_calls, a_tag_that_one_node_cannot_give_is_told_with_that_node) {
  Hosts hosts(2);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  hosts.two().engine.first = [](const std::string& asked) {
    if (!asked.starts_with("POST /images/app/tag")) return std::string();
    return answerOf("{\"message\":\"disk is full\"}\n", "500 Internal Server Error");
  };
  HttpReply reply = hosts.one().ask("POST", "/images/app/tag?repo=b");
  expectRefused(reply, 500, "disk is full");
  cr_expect(holds(messageIn(reply), "host-2"), "%s", reply.body.c_str());
}

Test(image_calls, what_nobody_has_our_engine_says_is_missing) {
  Hosts hosts(2);
  expectRefused(hosts.one().ask("POST", "/images/none/tag?repo=b"), 404, "No such image: none");
  expectRefused(hosts.one().ask("DELETE", "/images/none"), 404, "No such image: none");
  expectRefused(hosts.one().ask("GET", "/images/none/get"), 404, "No such image: none");
  cr_expect_eq(hosts.one().engine.count("POST /images/none/tag"), 1);
  cr_expect_eq(hosts.one().engine.count("DELETE /images/none"), 1);
  cr_expect_eq(hosts.two().engine.count("POST /images/none/tag"), 0);
  cr_expect_eq(hosts.two().engine.count("DELETE /images/none"), 0);
}

Test(image_calls, an_image_is_removed_on_all_nodes_and_told_once) {
  Hosts hosts(3);
  for (Host* each : {&hosts.two(), &hosts.three()}) {
    each->engine.images = {"app"};
    each->engine.first = [](const std::string& asked) {
      bool isRemoval = asked == "DELETE /images/app";
      return isRemoval ? answerOf(R"([{"Untagged":"app:latest"}])") : std::string();
    };
  }
  HttpReply reply = hosts.one().ask("DELETE", "/images/app");
  cr_expect_eq(reply.status, 200);
  cr_expect(holds(reply.body, R"([{"Untagged":"app:latest"}])"), "%s", reply.body.c_str());
  for (Host* each : {&hosts.two(), &hosts.three()})
    cr_expect_eq(each->engine.count("DELETE /images/app"), 1, "%s", each->name().c_str());
}

Test(image_calls, an_image_that_a_container_uses_is_removed_nowhere) {
  Hosts hosts(2);
  hosts.one().engine.images = {"app"};
  SmallDocker& two = hosts.two().engine;
  const std::string id = two.idFor("web");
  two.first = [&](const std::string& asked) {
    if (asked.starts_with("GET /containers/json")) {
      return answerOf("[{\"Id\":\"" + id + R"(","Names":["/web"],"ImageID":"sha256:aa",)" +
                      R"("State":"created","Status":"Created"}])");
    }
    if (asked == "GET /images/app/json") return answerOf(R"({"Id":"sha256:aa"})");
    if (asked == "DELETE /images/app")
      return answerOf(R"({"message":"image is being used"})", "409 Conflict");
    return std::string();
  };
  two.tell("container", "create");
  hosts.knows(hosts.one(), "web");
  expectRefused(hosts.one().ask("DELETE", "/images/app"), 409, "image is being used");
  cr_expect_eq(hosts.one().engine.count("DELETE /images/app"), 0);
}

Test(image_calls, nothing_is_removed_while_a_node_that_has_the_image_is_down) {
  Hosts hosts(2);
  for (const std::unique_ptr<Host>& each : hosts.hosts) each->engine.images = {"app"};
  hosts.two().engine.tell("image", "tag");
  hosts.stage.until([&] {
    return !hosts.one().droverd->objects.holders(docker::ObjectKind::image, "app").empty();
  });
  hosts.settle();
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  HttpReply reply = hosts.one().ask("DELETE", "/images/app");
  expectRefused(reply, 503, "nothing was removed: node host-2");
  cr_expect_eq(hosts.one().engine.count("DELETE /images/app"), 0);
}

Test(image_calls, a_pull_that_no_create_waits_for_is_our_own_engines) {
  Hosts hosts(2);
  HttpReply reply = hosts.one().ask("POST", "/images/create?fromImage=app&tag=latest");
  cr_expect_eq(reply.body, "{\"on\":\"host-1\"}\n");
  cr_expect_eq(hosts.two().engine.count("POST /images/create"), 0);
}
