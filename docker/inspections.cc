#include "docker/inspections.h"

#include <algorithm>
#include <utility>

#include "base/offload.h"

namespace docker {
namespace {

constexpr size_t sideBySide = 16;
// An engine takes a few milliseconds, and under load a few hundred.
constexpr base::milliseconds patience(1'000);
constexpr base::milliseconds retryLimit(5'000);
constexpr base::milliseconds firstPause(1'000);
constexpr base::milliseconds longestPause(60'000);
// How often is looked which are due, since changes make them so.
constexpr base::milliseconds lookEvery(500);
// In place of a status: there was no answer in time.
constexpr int tooLate = 0;

}  // namespace

base::Task<Inspections::Times> Inspections::of(std::vector<std::string> ids) {
  Round round;
  round.ids = std::move(ids);
  base::Scope asking([](std::exception_ptr) {});
  size_t count = std::min(round.ids.size(), sideBySide);
  for (size_t i = 0; i < count; i++) asking.spawn(askNext(round));
  while (!asking.empty()) co_await asking.taskEnded().wait();
  if (round.fault) std::rethrow_exception(round.fault);
  while (round.next < round.ids.size()) withhold(round.ids[round.next++]);
  co_return std::move(round.times);
}

// One after the other, until all are asked for, or one is withheld: where a whole row was, the rest
// is not waited for either.
base::Task<> Inspections::askNext(Round& round) {
  while (round.next < round.ids.size() && !round.fault) {
    std::string id = round.ids[round.next++];
    if (withheld_.contains(id)) continue;
    int status = tooLate;
    try {
      status = co_await ask(id, patience, round.times);
    } catch (const std::exception&) {
      round.fault = std::current_exception();
      co_return;
    }
    if (status != tooLate) continue;
    withhold(id);
    co_return;
  }
}

base::Task<int> Inspections::ask(std::string id, base::milliseconds limit, Times& times) {
  base::Time began = loop_.now();
  base::HttpReply reply;
  try {
    reply = co_await engine_.call(base::httpGet("/containers/" + id + "/json", limit, maxBody_));
  } catch (const std::exception&) {
    bool isLate = loop_.now() >= began + limit;
    if (!isLate) throw;
    co_return tooLate;
  }
  if (reply.status != 200) co_return reply.status;
  Read told = co_await read(std::move(reply.body));
  if (!told.times) co_return reply.status;
  times[id] = *told.times;
  if (heard_) co_await heard_(std::move(id), std::move(told.json));
  co_return reply.status;
}

base::Task<Inspections::Read> Inspections::read(std::string json) {
  Read told;
  told.json = std::move(json);
  if (told.json.size() < longAnswer) {
    told.times = parseInspect(told.json);
    co_return told;
  }
  auto work = [told = std::move(told)]() mutable {
    told.times = parseInspect(told.json);
    return std::move(told);
  };
  told = co_await base::offload(loop_, std::move(work));
  co_return told;
}

void Inspections::changed(std::string_view id) {
  auto found = withheld_.find(id);
  if (found != withheld_.end()) found->second = {loop_.now(), firstPause};
}

void Inspections::withhold(const std::string& id) {
  withheld_[id] = {loop_.now() + firstPause, firstPause};
  if (!std::exchange(retrying_, true)) background_.spawn(retryAll());
}

base::Task<> Inspections::retryAll() {
  while (!withheld_.empty()) {
    co_await base::sleepFor(loop_, lookEvery);
    std::vector<std::string> due;
    for (const auto& [id, each] : withheld_) {
      if (each.retryAt <= loop_.now() && due.size() < sideBySide) due.push_back(id);
    }
    base::Scope asking([](std::exception_ptr) {});
    for (std::string& id : due) asking.spawn(retry(std::move(id)));
    while (!asking.empty()) co_await asking.taskEnded().wait();
  }
  retrying_ = false;
}

base::Task<> Inspections::retry(std::string id) {
  Times times;
  int status = tooLate;
  try {
    status = co_await ask(id, retryLimit, times);
  } catch (const std::exception&) {
    // The engine is away, which clears all.
  }
  auto found = withheld_.find(id);
  if (found == withheld_.end()) co_return;
  if (status == tooLate) {
    found->second.pause = std::min(found->second.pause * 2, longestPause);
    found->second.retryAt = loop_.now() + found->second.pause;
    co_return;
  }
  withheld_.erase(found);
  if (recovered_) recovered_(id);
}

}  // namespace docker
