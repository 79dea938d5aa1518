// What the client hears where nodes do not agree.

#include "catalog/merge_errors.h"
#include "docker/heads.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

using namespace docker;
using namespace catalog;

namespace {

using Outcomes = std::vector<NodeOutcome>;

std::string message(const std::string& words) {
  return "{\"message\":\"" + words + "\"}\n";
}

const NodeOutcome has = {"has", 200, "{\"Id\":\"x\"}\n"};
const NodeOutcome lacks = {"lacks", 404, message("No such container: web")};
const NodeOutcome lacksToo = {"lacks-too", 404, message("No such container: web ")};
const NodeOutcome ambiguous = {"two", 400, message("multiple IDs found with provided prefix: a")};
const NodeOutcome broken = {"broken", 500, message("disk full")};
const NodeOutcome conflict = {"busy", 409, message("conflict: unable to remove \\\"a\\\"")};
const NodeOutcome away = {"away", 0, "connection refused"};
const NodeOutcome paused = {"paused", 503, message("engine is down")};
const NodeOutcome named = {"named", 503, message("node named: engine is down")};
const NodeOutcome unchanged = {"same", 304, ""};

// "200 has" for a node's own answer, "409 node busy: ..." for ours.
std::string told(const Chosen& chosen, const Outcomes& outcomes) {
  std::string out = std::to_string(chosen.status) + " ";
  if (!chosen.own) return out + errorMessage(chosen.body);
  cr_expect_eq(chosen.body, outcomes[chosen.node].body);
  return out + outcomes[chosen.node].nodeName;
}

}  // namespace

Test(merge_errors, a_lookup_finds_whoever_has_it) {
  const struct {
    Outcomes outcomes;
    std::string told;
  } cases[] = {
      {{lacks, has}, "200 has"},
      {{broken, away, has}, "200 has"},
      {{lacks, lacksToo}, "404 lacks"},
      {{away, lacks}, "503 node away: connection refused"},
      {{lacks, paused}, "503 node paused: engine is down"},
      {{lacks, named}, "503 node named: engine is down"},
      {{lacks, ambiguous}, "400 node two: multiple IDs found with provided prefix: a"},
      {{lacks, broken, away}, "500 node broken: disk full"},
      {{away}, "503 node away: connection refused"},
      {{away, paused}, "503 node away: connection refused"},
      {{paused, paused}, "503 paused"},
      {{ambiguous, ambiguous}, "400 two"},
      {{}, "503 no node could be asked"},
  };
  for (const auto& each : cases) {
    std::string words = told(chooseLookup(each.outcomes), each.outcomes);
    cr_expect_eq(words, each.told, "%s instead of %s", words.c_str(), each.told.c_str());
  }
}

Test(merge_errors, a_change_fails_if_it_fails_anywhere) {
  const struct {
    Outcomes outcomes;
    std::string told;
  } cases[] = {
      {{lacks, has}, "200 has"},
      {{has, conflict, broken}, "409 node busy: conflict: unable to remove \"a\""},
      {{conflict}, "409 busy"},
      {{has, away}, "503 node away: connection refused"},
      {{lacks, lacksToo}, "404 lacks"},
      {{lacks, unchanged}, "304 same"},
      {{unchanged, has}, "200 has"},
      {{}, "503 no node could be asked"},
  };
  for (const auto& each : cases) {
    std::string words = told(chooseChange(each.outcomes), each.outcomes);
    cr_expect_eq(words, each.told, "%s instead of %s", words.c_str(), each.told.c_str());
  }
}

Test(merge_errors, a_list_shows_what_there_is) {
  const NodeOutcome refusal = {"n1", 400, message("Invalid filter 'x'")};
  NodeOutcome same = refusal;
  same.nodeName = "n2";
  const struct {
    Outcomes outcomes;
    std::string told;
  } cases[] = {
      {{away, broken, has}, "200 has"},
      {{refusal, same}, "400 n1"},
      {{away, refusal}, "400 node n1: Invalid filter 'x'"},
      {{away, away}, "503 node away: connection refused"},
      {{}, "503 no node could be asked"},
  };
  for (const auto& each : cases) {
    std::string words = told(chooseList(each.outcomes), each.outcomes);
    cr_expect_eq(words, each.told, "%s instead of %s", words.c_str(), each.told.c_str());
  }
}

Test(merge_errors, any_body_gives_words) {
  cr_expect_eq(errorMessage("{\"message\":\"a \\\"b\\\"\"}"), "a \"b\"");
  cr_expect_eq(errorMessage("plain text\r\n"), "plain text");
  cr_expect_eq(errorMessage("{\"message\":5}"), "{\"message\":5}");
  cr_expect_eq(errorMessage("{\"message\":"), "{\"message\":");
  cr_expect_eq(errorMessage("{\"message\":\"\"}"), "{\"message\":\"\"}");
  cr_expect_eq(errorMessage(""), "");
}

Test(merge_errors, of_lines_of_progress_the_error_is_found) {
  cr_expect_eq(progressError("{\"status\":\"Pulling\"}\r\n{\"error\":\"no route\"}\r\n{\"x\":1}"),
               "no route");
  for (const char* fine : {"", "\n\n", "{\"status\":\"done\"}\n", "nonsense\n{", "{\"error\":5}"})
    cr_expect_eq(progressError(fine), "", "%s", fine);
}
