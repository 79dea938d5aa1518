#include "catalog/object_publisher.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/fault.h"
#include "catalog/image_record.h"
#include "catalog/network_record.h"
#include "catalog/published.h"
#include "catalog/volume_record.h"

namespace catalog {
namespace {

using base::milliseconds;

// Changes that come together are read together.
constexpr milliseconds soon(10);
constexpr milliseconds afterFailure(1'000);
// Whatever events tell, a list is read this often.
constexpr milliseconds compareEvery(60'000);
// After readings that took so long, so many times as long nothing is read for the sake of an event,
// or of a comparison: an engine with thousands of images takes seconds to list them. One that took
// longer than the one before does not count, since the engine may have hung meanwhile.
constexpr int restAfterEvent = 4;
constexpr int restAfterAll = 100;
constexpr milliseconds answerTimeout(30'000);
constexpr size_t maxAnswer = 64 * 1024 * 1024;

struct Source {
  docker::ObjectKind kind;
  const char* target;
  std::optional<Records> (*records)(std::string_view list);
};

constexpr Source sources[] = {
    {docker::ObjectKind::network, "/networks", networkRecords},
    {docker::ObjectKind::volume, "/volumes", volumeRecords},
    {docker::ObjectKind::image, "/images/json", imageRecords},
};

}  // namespace

struct ObjectPublisher::Kept {
  Kept(const Source& from, base::Loop& loop) : source(from), timer(loop) {}
  const Source& source;
  bool stale = false;  // something changed since the reading began
  bool reading = false;
  bool tried = false;               // since start()
  bool known = false;               // likewise
  std::optional<base::Time> dueAt;  // when the timer is set for
  base::Time restUntil;
  milliseconds took{0};  // the last reading
  base::Timer timer;
};

ObjectPublisher::ObjectPublisher(base::Loop& loop, docker::Engine& engine,
                                 const cluster::Nodes& nodes, cluster::Records& records,
                                 const TagIndex& tags, base::Log& log, IsFetched isFetched,
                                 std::function<void()> complete)
    : loop_(loop),
      engine_(engine),
      nodes_(nodes),
      ours_(records),
      log_(log),
      tags_(tags),
      isFetched_(std::move(isFetched)),
      complete_(std::move(complete)),
      tasks_(base::tellFaults(log, "engine lists")) {
  for (const Source& each : sources) kept_.push_back(std::make_unique<Kept>(each, loop_));
}

ObjectPublisher::~ObjectPublisher() = default;

void ObjectPublisher::start() {
  started_ = true;
  starts_++;
  ourTags_.reset();
  for (const std::unique_ptr<Kept>& each : kept_) {
    each->tried = each->known = false;
    each->restUntil = {};
  }
  allChanged();
}

void ObjectPublisher::stop() {
  started_ = false;
  for (const std::unique_ptr<Kept>& each : kept_) {
    each->timer.stop();
    each->dueAt.reset();
  }
}

bool ObjectPublisher::complete() const {
  return std::all_of(kept_.begin(), kept_.end(),
                     [](const std::unique_ptr<Kept>& each) { return each->tried; });
}

bool ObjectPublisher::known() const {
  return std::all_of(kept_.begin(), kept_.end(),
                     [](const std::unique_ptr<Kept>& each) { return each->known; });
}

bool ObjectPublisher::settled() const {
  return std::none_of(kept_.begin(), kept_.end(), [](const std::unique_ptr<Kept>& each) {
    return each->stale || each->reading;
  });
}

void ObjectPublisher::changed(docker::ObjectKind kind) {
  for (const std::unique_ptr<Kept>& each : kept_) {
    if (each->source.kind != kind || !started_) continue;
    each->stale = true;
    readSoon(*each, soon);
  }
}

void ObjectPublisher::allChanged() {
  for (docker::ObjectKind kind : docker::allHeld) changed(kind);
}

void ObjectPublisher::readSoon(Kept& kept, milliseconds delay) {
  if (kept.reading || !started_) return;  // what is read now is followed by the next
  base::Time at = std::max(loop_.now() + delay, kept.restUntil);
  if (kept.dueAt && *kept.dueAt <= at) return;
  kept.dueAt = at;
  kept.timer.start(at - loop_.now(), [this, &kept] {
    kept.dueAt.reset();
    tasks_.spawn(read(kept));
  });
}

base::Task<> ObjectPublisher::read(Kept& kept) {
  if (kept.reading) co_return;
  kept.reading = true;
  kept.stale = false;
  base::Time began = loop_.now();
  bool done = false;
  try {
    done = co_await publish(kept);
  } catch (const std::exception& failed) {
    log_.debug("engine's lists not published, retrying",
               {{"list", kept.source.target}, {"reason", failed.what()}});
  }
  kept.reading = false;
  kept.known = kept.known || done;
  base::Time now = loop_.now();
  milliseconds took = std::min(now - began, std::exchange(kept.took, now - began));
  kept.restUntil = now + took * restAfterEvent;
  milliseconds next = kept.stale ? soon : std::max(compareEvery, took * restAfterAll);
  readSoon(kept, done ? next : afterFailure);
  listRead_.fire();
  if (!started_ || kept.tried) co_return;
  kept.tried = true;
  if (complete()) complete_();
}

// False if we are in no cluster any more.
base::Task<bool> ObjectPublisher::publish(Kept& kept) {
  base::HttpReply reply =
      co_await engine_.call(base::httpGet(kept.source.target, answerTimeout, maxAnswer));
  if (!started_ || !nodes_.clustered()) co_return false;
  std::optional<Records> records;
  if (reply.status == 200) records = kept.source.records(reply.body);
  if (!records) throw base::StreamError("cannot parse the engine's list");
  uint64_t start = starts_;
  std::function<bool()> goesOn = [this, start] { return started_ && starts_ == start; };
  co_await publishAll(loop_, ours_, docker::recordsOf(kept.source.kind), *records, goesOn);
  if (goesOn() && kept.source.kind == docker::ObjectKind::image)
    co_await tellTags(*records, goesOn);
  co_return goesOn();
}

// After the records of images, so that who hears what a tag means can see who has it.
base::Task<> ObjectPublisher::tellTags(Records images, std::function<bool()> goesOn) {
  Tags now = tagsIn(images);
  Records records = tagsToTell(tags_, nodes_.self(), ourTags_, now, isFetched_);
  ourTags_ = std::move(now);
  co_await publishAll(loop_, ours_, tagRecords, std::move(records), std::move(goesOn));
}

void ObjectPublisher::follow(RecordFeed& feed) {
  feed.on(tagKind, {[this](const FedRecord<TagMeaning>& record) {
            if (record.owner != nodes_.self()) told(record.name);
          }});
}

void ObjectPublisher::told(const std::string& tag) {
  if (!started_ || !ourTags_ || !ourTags_->contains(tag)) return;
  std::optional<TagMeaning> last = tags_.told(tag);
  if (last) ours_.put(std::string(tagRecords) + tag, tagRecord(*last));
}

}  // namespace catalog
