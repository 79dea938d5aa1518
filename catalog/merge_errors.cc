#include "catalog/merge_errors.h"

#include <algorithm>

#include "docker/heads.h"
#include "docker/merge_json.h"

namespace catalog {
namespace {

using Outcomes = std::span<const NodeOutcome>;

bool succeeded(const NodeOutcome& outcome) {
  return outcome.status >= 100 && outcome.status < 400;
}
bool answered(const NodeOutcome& outcome) {
  return outcome.status != 0;
}
bool isMissing(const NodeOutcome& outcome) {
  return outcome.status == 404;
}
bool isFault(const NodeOutcome& outcome) {
  return !succeeded(outcome) && !isMissing(outcome);
}
bool isSilent(const NodeOutcome& outcome) {
  return isSilence(outcome.status);
}
bool isEngineFault(const NodeOutcome& outcome) {
  return !isSilent(outcome) && isFault(outcome);
}

template <class Question>
const NodeOutcome* first(Outcomes outcomes, Question question) {
  auto found = std::find_if(outcomes.begin(), outcomes.end(), question);
  return found == outcomes.end() ? nullptr : &*found;
}

Chosen ownAnswer(Outcomes outcomes, const NodeOutcome& outcome) {
  return {outcome.status, outcome.body, true, static_cast<size_t>(&outcome - outcomes.data())};
}

// Where all say the same, it is not about one node.
Chosen failure(Outcomes outcomes, const NodeOutcome& outcome) {
  bool unanimous = std::all_of(outcomes.begin(), outcomes.end(), [&](const NodeOutcome& other) {
    return other.status == outcome.status && other.body == outcome.body;
  });
  if (unanimous && answered(outcome)) return ownAnswer(outcomes, outcome);
  std::string words = docker::errorMessage(outcome.body);
  std::string name = "node " + outcome.nodeName + ": ";
  if (!words.starts_with(name)) words = name + words;  // it may have said so itself
  int status = answered(outcome) ? outcome.status : 503;
  return {status, "{\"message\":" + docker::jsonString(words) + "}\n", false, 0};
}

Chosen nobody() {
  return {503, "{\"message\":\"no node could be asked\"}\n", false, 0};
}

}  // namespace

bool isSilence(int status) {
  return status == 0 || status == 503;
}

Chosen chooseLookup(Outcomes outcomes) {
  if (outcomes.empty()) return nobody();
  if (const NodeOutcome* found = first(outcomes, succeeded)) return ownAnswer(outcomes, *found);
  if (const NodeOutcome* fault = first(outcomes, isEngineFault)) return failure(outcomes, *fault);
  if (const NodeOutcome* silent = first(outcomes, isSilent)) return failure(outcomes, *silent);
  return ownAnswer(outcomes, outcomes.front());
}

Chosen chooseChange(Outcomes outcomes) {
  if (outcomes.empty()) return nobody();
  if (const NodeOutcome* fault = first(outcomes, isFault)) return failure(outcomes, *fault);
  auto changed = [](const NodeOutcome& each) { return succeeded(each) && each.status != 304; };
  if (const NodeOutcome* done = first(outcomes, changed)) return ownAnswer(outcomes, *done);
  if (const NodeOutcome* same = first(outcomes, succeeded)) return ownAnswer(outcomes, *same);
  return ownAnswer(outcomes, outcomes.front());
}

Chosen chooseList(Outcomes outcomes) {
  if (outcomes.empty()) return nobody();
  if (const NodeOutcome* part = first(outcomes, succeeded)) return ownAnswer(outcomes, *part);
  if (const NodeOutcome* fault = first(outcomes, answered)) return failure(outcomes, *fault);
  return failure(outcomes, outcomes.front());
}

}  // namespace catalog
