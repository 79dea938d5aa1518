#include "docker/container_list_cache.h"

#include <chrono>

#include "base/fault.h"
#include "base/json.h"
#include "base/offload.h"
#include "base/url.h"

namespace docker {
namespace {

using base::member;
using base::text;

constexpr base::milliseconds answerTimeout(30'000);
// For how long after an event the engine's list may still show what was before.
constexpr base::milliseconds settleTime(1000);
// After a refresh that failed, for so long the engine is asked in the client's words instead.
constexpr base::milliseconds pauseAfterFailure(5'000);
// Whatever events tell, the whole list is compared with the engine's this often.
constexpr base::milliseconds compareEvery(60'000);

int64_t wallClock() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Events that come often and change nothing that a list shows.
bool isSilent(std::string_view action) {
  for (std::string_view prefix : {"exec_", "attach", "detach", "resize", "top", "copy", "export",
                                  "archive-path", "extract-to-dir"}) {
    if (action.starts_with(prefix)) return true;
  }
  return false;
}

// The Id in the answer to a create.
std::string createdId(std::string_view body) {
  rapidjson::Document document;
  document.Parse(body.data(), body.size());
  return std::string(text(document, "Id"));
}

}  // namespace

ContainerListCache::ContainerListCache(base::Loop& loop, Engine& engine, EngineState& state,
                                       base::Log& log, size_t maxBody)
    : loop_(loop),
      engine_(engine),
      state_(state),
      log_(log),
      maxBody_(maxBody),
      inspections_(loop, engine, maxBody),
      background_(base::tellFaults(log, "container lists")) {
  state_.listen({[this] {
                   cache_.clear();
                   retryAt_ = {};
                   if (!refreshing_) background_.spawn(refresh());
                   if (changed_) changed_(Effect::containers);
                 },
                 [this](std::string_view json) { event(json); },
                 [this] {
                   cache_.clear();
                   inspections_.clear();
                   if (changed_) changed_(Effect::containers);
                 }});
  inspections_.onRecovered([this](const std::string& id) {
    cache_.changed(id, ++tick_, settled());
    if (changed_) changed_(Effect::container);
  });
}

base::Time ContainerListCache::settled() const {
  return loop_.now() + settleTime;
}

void ContainerListCache::event(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  std::string_view type = text(document, "Type");
  std::string_view action = text(document, "Action");
  if (type == "volume" || (type == "container" && isSilent(action))) return;
  if (changed_) changed_(Effect::container);
  tick_++;
  if (!document.IsObject()) {
    cache_.allChanged(tick_, settled());
    return;
  }
  const rapidjson::Value* actor = member(document, "Actor");
  if (type == "container" && actor) {
    inspections_.changed(text(*actor, "ID"));
    bool names = action == "rename" || action == "destroy" || action == "create";
    if (names) {
      cache_.namesChanged(text(*actor, "ID"), tick_, settled());
    } else {
      cache_.changed(text(*actor, "ID"), tick_, settled());
    }
    return;
  }
  if (type == "network" && actor) {
    const rapidjson::Value* attributes = member(*actor, "Attributes");
    std::string_view container = attributes ? text(*attributes, "container") : "";
    if (!container.empty()) cache_.changed(container, tick_, settled());
    return;
  }
  if (type == "image") cache_.allChanged(tick_, {});  // names of images stand in the list
}

void ContainerListCache::mark(Effect effect, std::string_view object) {
  if (effect == Effect::none) return;
  if (changed_) changed_(effect);
  tick_++;
  if (effect == Effect::container) {
    cache_.namesChanged(object, tick_, settled());
  } else {
    cache_.allChanged(tick_, {});
  }
}

ContainerListCache::Change::Change(ContainerListCache& lists, Effect effect,
                                   std::string_view object)
    : lists_(lists), effect_(effect), object_(object) {}

ContainerListCache::Change::~Change() {
  if (effect_ != Effect::create) lists_.mark(effect_, object_);
}

void ContainerListCache::Change::answered(int status, std::string_view body) {
  if (effect_ == Effect::create) {
    std::string id = status == 201 ? createdId(body) : std::string();
    if (id.empty()) {
      lists_.mark(Effect::containers, {});
    } else {
      lists_.mark(Effect::container, id);
    }
  } else {
    lists_.mark(effect_, object_);
  }
}

base::Task<std::optional<RenderedList>> ContainerListCache::answer(std::string_view version,
                                                                   std::string_view query,
                                                                   bool withTimes) {
  const EngineFacts* facts = state_.facts();
  if (!facts || (!version.empty() && version != facts->apiVersion)) co_return std::nullopt;
  std::optional<ListQuery> parsed = parseListQuery(query);
  if (!parsed) co_return std::nullopt;
  bool fresh = co_await makeFresh();
  if (!fresh) co_return std::nullopt;
  co_return kept_.render(cache_, query, *parsed, wallClock(), withTimes);
}

base::Task<std::optional<std::vector<ContainerTable::Plain>>> ContainerListCache::entries() {
  bool fresh = co_await makeFresh();
  if (!fresh) co_return std::nullopt;
  co_return cache_.plain();
}

base::Task<> ContainerListCache::inspect(std::vector<std::string> ids) {
  co_await inspections_.of(std::move(ids));
}

// Waits until the cache knows all that was true when this was called. False if the engine does not
// answer.
base::Task<bool> ContainerListCache::makeFresh() {
  if (!state_.facts() || loop_.now() < retryAt_) co_return false;
  Tick question = ++tick_;
  if (loop_.now() > fullAt_ + compareEvery) cache_.allChanged(question, {});
  for (;;) {
    ContainerTable::Need need = cache_.need(question, loop_.now());
    if (need.none()) break;
    if (!refreshing_) background_.spawn(refresh());
    if (refreshing_) co_await refreshed_.wait();
    if (loop_.now() < retryAt_ || !state_.facts()) co_return false;
  }
  co_return true;
}

// Asks the engine for what is missing. Runs in the background, since several clients may wait for
// the same and each may go away.
base::Task<> ContainerListCache::refresh() {
  refreshing_ = true;
  try {
    ContainerTable::Need need = cache_.need(++tick_, loop_.now());
    co_await refreshOnce(std::move(need));
  } catch (const std::exception& wrong) {
    retryAt_ = loop_.now() + pauseAfterFailure;
    log_.debug("container list not refreshed", {{"reason", wrong.what()}});
  }
  refreshing_ = false;
  refreshed_.fire();
}

base::Task<> ContainerListCache::refreshOnce(ContainerTable::Need need) {
  ContainerTable::Fresh fresh;
  fresh.tick = ++tick_;
  fresh.now = loop_.now();
  fresh.need = std::move(need);
  std::string target = "/containers/json?all=1";
  if (fresh.need.all) {
    fullAt_ = loop_.now();
  } else {
    std::string filter = "{\"id\":[";
    for (const std::string& id : fresh.need.ids) {
      if (filter.back() != '[') filter.push_back(',');
      filter.append("\"").append(id).append("\"");
    }
    target += "&filters=" + base::encodeQueryValue(filter + "]}");
  }
  fresh.asked = wallClock();
  base::HttpReply reply = co_await engine_.call(base::httpGet(target, answerTimeout, maxBody_));
  fresh.answered = wallClock();
  std::optional<std::vector<ListedContainer>> listed;
  bool isLong = reply.body.size() >= longAnswer;
  if (reply.status == 200 && isLong) {
    auto work = [body = std::move(reply.body)] { return parseList(body); };
    listed = co_await base::offload(loop_, std::move(work));
  } else if (reply.status == 200) {
    listed = parseList(reply.body);
  }
  if (!listed) throw base::StreamError("cannot parse the engine's container list");
  fresh.listed = std::move(*listed);
  std::vector<std::string> wanted = cache_.toInspect(fresh);
  if (isLong) co_await loop_.nextTurn();
  fresh.times = co_await inspections_.of(wanted);
  for (std::string& id : wanted) {
    if (!fresh.times.contains(id)) fresh.withheld.insert(std::move(id));
  }
  cache_.take(std::move(fresh));
  if (isLong) co_await loop_.nextTurn();
}

}  // namespace docker
