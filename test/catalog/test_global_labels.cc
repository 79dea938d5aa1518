// The labels of global containers and of their copies: what they say, and how bodies get them.

#include "catalog/global_labels.h"

#include <criterion/criterion.h>

#include <algorithm>
#include <string>

#include "base/json.h"

using namespace catalog;

namespace {

std::string copyBody(std::string_view spec, const GlobalMark& mark) {
  docker::CreateRequest request(spec);
  makeCopy(request, mark);
  return request.body();
}

std::string plainSpec(std::string_view spec) {
  docker::CreateRequest request(spec);
  makePlain(request);
  return request.body();
}

std::string originalBody(std::string_view spec, const GlobalMark& mark) {
  docker::CreateRequest request(spec);
  makeOriginal(request, mark);
  return request.body();
}

const std::string group(64, 'a');
const std::string home(25, 'h');

LabelList list(LabelList labels) {
  std::sort(labels.begin(), labels.end());
  return labels;
}

LabelList ofCopy(const std::string& of, const std::string& from) {
  return list(
      {{"io.drover.global", "true"}, {"io.drover.global.of", of}, {"io.drover.global.from", from}});
}

std::string labelIn(const std::string& body, const char* key) {
  rapidjson::Document json = base::parseJson(body);
  const rapidjson::Value* labels = base::member(json, "Labels");
  return labels ? std::string(base::text(*labels, key)) : "no labels";
}

}  // namespace

Test(global_labels, an_original_is_what_a_create_would_take_for_one) {
  const struct {
    LabelList labels;
    bool is;
  } cases[] = {
      {{{"io.drover.global", "true"}}, true},
      {{{"IO.Drover.Global", "true"}}, false},
      {{{"io.drover.global", "false"}}, false},
      {{{"io.drover.global", "perhaps"}}, false},
      {{{"io.rancher.scheduler.global", "TRUE"}}, true},
      {{{"IO.RANCHER.scheduler.global", " true"}}, true},
      {{{"io.rancher.scheduler.global", "yes"}}, false},
      {{{"io.drover.globals", "true"}}, false},
      {{}, false},
  };
  for (const auto& each : cases) {
    std::optional<GlobalMark> mark = globalMark(each.labels, "web");
    std::string what = each.labels.empty() ? "-" : each.labels[0].first + each.labels[0].second;
    cr_expect_eq(mark.has_value(), each.is, "%s", what.c_str());
    if (mark) cr_expect_eq(*mark, GlobalMark());
  }
}

Test(global_labels, a_copy_says_whose_it_is) {
  std::optional<GlobalMark> mark = globalMark(ofCopy(group, "c1/" + home + "/.n-2"), "web.n-2");
  cr_assert(mark && mark->isCopy());
  cr_expect_eq(*mark, (GlobalMark{group, "c1", home, ".n-2"}));
  // An original that came in the place of another.
  LabelList later = list({{"io.drover.global", "true"}, {"io.drover.global.of", group}});
  mark = globalMark(later, "web");
  cr_assert(mark && !mark->isCopy());
  cr_expect_eq(mark->group, group);
}

Test(global_labels, what_is_named_or_labelled_otherwise_is_no_copy) {
  const std::string from = "c1/" + home + "/.n-2";
  const struct {
    LabelList labels;
    const char* name;
  } cases[] = {
      {ofCopy(group, from), "mine"},
      {ofCopy(group, from), ".n-2"},
      {ofCopy(group, from), ""},
      {ofCopy("", from), "web.n-2"},
      {ofCopy("abc", from), "web.n-2"},
      {ofCopy(group + "/../x", from), "web.n-2"},
      {ofCopy(group, "/" + home + "/.n-2"), "web.n-2"},
      {ofCopy(group, "c1/nobody/.n-2"), "web.n-2"},
      {ofCopy(group, "c1/" + home), "web.n-2"},
      {ofCopy(group, "c1/" + home + "/"), "web.n-2"},
      {ofCopy(group, "c1/" + home + "/n-2"), "web.n-2"},
      {ofCopy(group, "c1"), "web.n-2"},
      {ofCopy(group, "/"), "web.n-2"},
      {ofCopy(group, "//"), "web.n-2"},
      {ofCopy("x", ""), "web"},
  };
  for (const auto& each : cases)
    cr_expect_not(globalMark(each.labels, each.name).has_value(), "%s of %s from %s", each.name,
                  each.labels[2].second.c_str(), each.labels[1].second.c_str());
}

Test(global_labels, what_is_made_of_a_sidekick_says_beside_what_it_is) {
  const std::string primary(64, 'b');
  GlobalMark mark{group, "c1", home, ".n-2", primary};
  const std::string spec = R"({"Labels":{"x":"y"},"HostConfig":{}})";
  auto labelsOf = [](const std::string& body) {
    const rapidjson::Document json = base::parseJson(body);
    LabelList labels;
    for (const auto& each : json["Labels"].GetObject())
      labels.emplace_back(base::asText(each.name), base::asText(each.value));
    return list(labels);
  };
  std::string body = copyBody(spec, mark);
  cr_expect_eq(globalMark(labelsOf(body), "data.n-2"), mark);
  std::string next = originalBody(body, mark);
  cr_expect_eq(globalMark(labelsOf(next), "data"), (GlobalMark{group, "", "", "", primary}));
  std::string plain = plainSpec(body);
  cr_expect_eq(labelsOf(plain), (LabelList{{"x", "y"}}));
  // Neither label is enough by itself, nor with a value that is no id.
  for (const LabelList& labels :
       {LabelList{{"io.drover.global.beside", primary}}, LabelList{{"io.drover.global.of", group}},
        LabelList{{"io.drover.global.beside", "x"}, {"io.drover.global.of", group}},
        LabelList{{"io.drover.global.beside", primary}, {"io.drover.global.of", "x"}}})
    cr_expect_not(globalMark(labels, "data").has_value());
}

Test(global_labels, suffixes_may_stand_in_names) {
  cr_expect_eq(globalSuffix("n-2", home, false), ".n-2");
  cr_expect_eq(globalSuffix("n-2", home, true), ".n-2.hhhhh");
  cr_expect_eq(globalSuffix("a b/\xc3\xa4", home, false), ".a_b___");
  cr_expect_eq(globalSuffix("", home, false), "." + home);
}

Test(global_labels, a_copys_body_is_the_spec_out_of_composes_sight) {
  const std::string spec =
      R"({"Image":"app","Env":["A=1"],"Labels":{"io.drover.global":"true","x":"y\"z",)"
      R"("com.docker.compose.oneoff":"False","com.docker.compose.project":"p",)"
      R"("io.drover.global.of":")" +
      std::string(64, 'b') +
      R"("},"HostConfig":{"AutoRemove":true,"Memory":12345678901234567890}})";
  GlobalMark mark{group, "c1", home, ".n-2"};
  std::string body = copyBody(spec, mark);
  cr_expect_eq(labelIn(body, "x"), "y\"z");
  cr_expect_eq(labelIn(body, "com.docker.compose.oneoff"), "");
  cr_expect_eq(labelIn(body, "com.docker.compose.project"), "");
  cr_expect_eq(labelIn(body, "io.drover.global.of"), group);
  cr_expect(body.find("\"AutoRemove\":false") != std::string::npos, "%s", body.c_str());
  cr_expect(body.find("\"Memory\":12345678901234567890") != std::string::npos, "%s", body.c_str());
  // What it says of itself is what was meant.
  const rapidjson::Document json = base::parseJson(body);
  LabelList labels;
  for (const auto& each : json["Labels"].GetObject())
    labels.emplace_back(base::asText(each.name), base::asText(each.value));
  cr_expect_eq(globalMark(list(labels), "web.n-2"), mark);

  std::string plain = plainSpec(body);
  cr_expect_eq(labelIn(plain, "com.docker.compose.project"), "p");
  cr_expect_eq(labelIn(plain, "io.drover.global.of"), "");
  std::string next = originalBody(body, mark);
  cr_expect_eq(labelIn(next, "com.docker.compose.oneoff"), "False");
  cr_expect_eq(labelIn(next, "io.drover.global.of"), group);
  cr_expect_eq(labelIn(next, "io.drover.global.from"), "");
}

Test(global_labels, what_is_no_spec_gives_no_body) {
  GlobalMark mark{group, "c1", home, ".n-2"};
  for (const char* text : {"", "[]", "{", "null", "{}", R"({"HostConfig":[]})", "\"x\""}) {
    docker::CreateRequest request(text);
    cr_expect_not(request.hasHostConfig(), "%s", text);
    cr_expect_not(restartsAlways(request), "%s", text);
    bool isObject = text[0] == '{' && text[1];
    cr_expect_eq(request.isObject(), isObject, "%s", text);
  }
  for (const char* text : {"[]", "null", "\"x\""}) {
    cr_expect_eq(copyBody(text, mark), text);
    cr_expect_eq(originalBody(text, mark), text);
    cr_expect_eq(plainSpec(text), text);
  }
  // Labels that are none are left out.
  std::string odd = copyBody(R"({"Labels":[1],"HostConfig":{}})", mark);
  cr_expect_eq(labelIn(odd, "io.drover.global.of"), group);
}

Test(global_labels, only_policies_that_always_restart_do) {
  auto with = [](const std::string& name) {
    return docker::CreateRequest(R"({"HostConfig":{"RestartPolicy":{"Name":")" + name + R"("}}})");
  };
  cr_expect(restartsAlways(with("always")) && restartsAlways(with("unless-stopped")));
  cr_expect_not(restartsAlways(with("on-failure")) || restartsAlways(with("no")) ||
                restartsAlways(with("")));
}
