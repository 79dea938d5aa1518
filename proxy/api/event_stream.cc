#include "proxy/api/event_stream.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/fault.h"
#include "base/http_heads.h"
#include "catalog/node_client.h"
#include "docker/filtered_query.h"
#include "proxy/http/respond.h"

namespace proxy {
namespace {

// How often we look for nodes that joined or came back.
constexpr base::milliseconds lookEvery(500);
// For how long what is past is kept back, so that the answers of slow nodes are shown in order.
constexpr base::milliseconds pastWait(3'000);

// Whether all that is asked for has happened: `until` is a time in seconds, and it is over.
bool isOver(std::string_view target) {
  std::string_view query = target.substr(std::min(target.find('?') + 1, target.size()));
  std::string until = docker::parseQuery(query).value("until");
  double seconds = 0;
  auto [end, error] = std::from_chars(until.data(), until.data() + until.size(), seconds);
  if (error != std::errc() || end != until.data() + until.size()) return false;
  std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return seconds <= now.count();
}

catalog::NodeAnswer nameOf(const cluster::Node& node) {
  return {std::string(node.id.text()), node.name, node.address, {}};
}

}  // namespace

EventStream::EventStream(base::Loop& loop, docker::Engine& engine, const cluster::Nodes& nodes,
                         base::Log& log)
    : loop_(loop),
      engine_(engine),
      nodes_(nodes),
      log_(log),
      streams_(base::tellFaults(log, "events")) {}

base::Task<> EventStream::follow(cluster::Node node, std::string target) {
  cluster::NodeId id = node.id;
  std::string name = node.name;
  try {
    co_await listen(std::move(node), std::move(target));
  } catch (const std::exception& failed) {
    log_.debug("a node's event stream ended", {{"node", name}, {"reason", failed.what()}});
  }
  merger_.remove(std::string(id.text()));
  awaited_.erase(id);
  following_[id] = false;
  news_.fire();
}

base::Task<> EventStream::listen(cluster::Node node, std::string target) {
  std::string id(node.id.text());
  base::HttpClient& server = catalog::clientFor(engine_, node);
  std::unique_ptr<base::HttpConnection> connection = co_await server.connect(true);
  std::string request = "GET " + target + " HTTP/1.1\r\nHost: docker\r\n\r\n";
  co_await connection->stream->write(request);
  co_await connection->readHead(false);
  base::MessageReader& reader = connection->reader;
  std::string text;
  reader.collectInto(&text);
  int status = reader.head().status();
  if (status == 200) merger_.add(nameOf(node));
  awaited_.erase(node.id);
  if (status == 200 || status_ == 0) status_ = status;
  bool refuses = status_ == status && refusedBy_.value_or(node.id) == node.id;
  if (refuses && !refusedBy_) {
    refusedBy_ = node.id;
    base::appendStoredHead(refusalHead_, reader.head());
  }
  news_.fire();
  for (;;) {
    size_t used = reader.feedBody(connection->rest);
    connection->rest.erase(0, used);
    if (status == 200 && !text.empty()) {
      merger_.push(id, text, now());
      news_.fire();
    } else if (refuses) {
      refusal_.append(text);
    }
    text.clear();
    if (reader.bodyDone()) co_return;
    co_await connection->stream->readable();
    std::span<char> buffer = loop_.scratch();
    std::optional<size_t> got = connection->stream->tryRead(buffer);
    if (!got) continue;
    if (*got == 0 && !reader.endOfStream()) co_return;
    connection->rest.assign(buffer.data(), *got);
  }
}

// Goes on in a turn of its own: who goes on within the task that tells the news could end that
// task, and would find it in `streams_` still when it has nothing more to say.
base::Task<> EventStream::news() {
  co_await news_.wait();
  co_await loop_.nextTurn();
}

void EventStream::followNewcomers(const std::string& target,
                                  const std::vector<std::string>& wanted) {
  for (cluster::Node& node : nodes_.nodes()) {
    if (!node.up || !docker::wantsNode(wanted, node.id.text(), node.name)) continue;
    bool& following = following_[node.id];
    if (following) continue;
    following = true;
    streams_.spawn(follow(std::move(node), target));
  }
}

base::Task<> EventStream::run(Exchange& exchange, std::string_view common, std::string target,
                              std::vector<std::string> wanted) {
  for (const cluster::Node& node : nodes_.nodes()) {
    if (node.up && docker::wantsNode(wanted, node.id.text(), node.name)) awaited_.insert(node.id);
  }
  // Of nodes that there are not there is nothing to tell, as long as none of them joins.
  std::vector<cluster::Node> all = nodes_.nodes();
  bool nobody = std::none_of(all.begin(), all.end(), [&](const cluster::Node& node) {
    return docker::wantsNode(wanted, node.id.text(), node.name);
  });
  if (nobody) status_ = 200;
  followNewcomers(target, wanted);
  bool asksForPast = target.find("since=") != std::string::npos;
  base::milliseconds until = now() + (asksForPast ? pastWait : base::milliseconds(0));
  while (status_ != 200 && !streams_.empty()) co_await news();
  if (status_ != 200) {
    if (status_) {
      co_await sendAnswer(exchange, status_, refusalHead_, refusal_);
    } else {
      co_await sendError(exchange, 503, common, "no node sends its events", false);
    }
    co_return;
  }

  // The head goes out at once: clients wait for it before they act.
  exchange.status = 200;
  exchange.keepAlive = false;
  bool isOld = exchange.request().minorVersion() == 0;  // knows no chunks: all until the end is one
  std::string head = isOld ? "HTTP/1.0 200 OK\r\n" : "HTTP/1.1 200 OK\r\n";
  head += common;
  head += "Content-Type: application/json\r\n";
  base::appendDate(head);
  head += isOld ? "\r\n" : "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  co_await exchange.stream->write(head);

  bool gone = false;
  base::Stream::Watch watch(
      *exchange.stream, [] {},
      [this, &gone] {
        gone = true;
        news_.fire();
      });
  bool ends = target.find("until=") != std::string::npos;
  bool over = isOver(target);
  base::Timer timer(loop_);
  while (!gone) {
    bool awaitsMore = !awaited_.empty() || (over && !streams_.empty());
    bool waits = awaitsMore && now() < until && !merger_.isFull();
    std::string lines = waits ? std::string() : merger_.take(now());
    if (!lines.empty() && isOld) {
      co_await exchange.stream->write(lines);
      continue;
    }
    if (!lines.empty()) {
      char size[20];
      std::snprintf(size, sizeof size, "%zx\r\n", lines.size());
      std::string chunk = size + lines + "\r\n";
      co_await exchange.stream->write(chunk);
      continue;
    }
    std::optional<EventMerger::Time> next = waits ? until : merger_.nextTake();
    if (ends && streams_.empty() && !next) break;
    if (!ends) followNewcomers(target, wanted);
    base::milliseconds pause = lookEvery;
    if (next) pause = std::clamp(*next - now(), base::milliseconds(1), lookEvery);
    timer.start(pause, [this] { news_.fire(); });
    co_await news();
  }
  if (!gone && !isOld) co_await exchange.stream->write("0\r\n\r\n");
}

}  // namespace proxy
