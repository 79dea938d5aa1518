#include "orchestrator/image_transfer.h"

#include "base/fault.h"
#include "base/json.h"
#include "base/transfer.h"
#include "base/url.h"
#include "catalog/image_record.h"
#include "cluster/agent_error.h"
#include "docker/heads.h"
#include "docker/image_reference.h"

namespace orchestrator {
namespace {

constexpr size_t maxAnswer = 1024 * 1024;
constexpr base::milliseconds transferTimeout(3600 * 1000);
constexpr size_t maxFetched = 1'000;

// The rest of an answer that was begun.
base::Task<std::string> restOf(base::HttpConnection& connection) {
  std::string body;
  connection.reader.collectInto(&body);
  for (;;) {
    size_t used = connection.reader.feedBody(connection.rest);
    connection.rest.erase(0, used);
    if (connection.reader.bodyDone()) co_return body;
    if (body.size() > maxAnswer) throw base::StreamError("its answer is too large");
    co_await connection.stream->readable();
    std::span<char> buffer = connection.stream->loop().scratch();
    std::optional<size_t> got = connection.stream->tryRead(buffer);
    if (!got) continue;
    if (*got == 0 && !connection.reader.endOfStream())
      throw base::StreamError("it closed the connection in the middle of its answer");
    connection.rest.assign(buffer.data(), *got);
  }
}

}  // namespace

ImageTransfer::ImageTransfer(base::Loop& loop, docker::Engine& engine, const cluster::Nodes& nodes,
                             const cluster::Causality& causality, const catalog::Locator& locator,
                             base::Log& log)
    : loop_(loop),
      engine_(engine),
      nodes_(nodes),
      causality_(causality),
      locator_(locator),
      log_(log),
      tasks_(base::tellFaults(log, "images between nodes")) {}

bool ImageTransfer::takeFetched(const std::string& name, const std::string& image) {
  auto fetched = fetched_.find(name);
  if (fetched == fetched_.end() || fetched->second != image) return false;
  fetched_.erase(fetched);
  return true;
}

base::Task<> ImageTransfer::fetch(std::string request) {
  rapidjson::Document json = base::parseJson(request);
  std::string image(base::text(json, "image"));
  std::string fromId(base::text(json, "from"));
  std::optional<cluster::Node> from;
  for (cluster::Node& each : nodes_.nodes()) {
    if (each.id.text() == fromId && each.http) from = std::move(each);
  }
  if (image.empty() || !from)
    throw cluster::AgentError(400, "an image and another node to fetch it from are needed");
  std::shared_ptr<Transfer> transfer = running_[image];
  if (!transfer) {
    transfer = running_[image] = std::make_shared<Transfer>();
    tasks_.spawn(run(image, std::move(*from), transfer));
  }
  while (!transfer->done) co_await transfer->ended.wait();
  if (!transfer->fault.empty()) throw cluster::AgentError(500, transfer->fault);
}

// Beside those who wait for it, of whom each may go away.
base::Task<> ImageTransfer::run(std::string image, cluster::Node from,
                                std::shared_ptr<Transfer> transfer) {
  co_await loop_.nextTurn();
  if (std::string meant = locator_.meaning(image); !meant.empty()) {
    if (fetched_.size() >= maxFetched) fetched_.clear();
    fetched_[docker::listedImageName(image)] = std::move(meant);
  }
  try {
    co_await pipe(image, from);
    log_.info("image fetched", {{"image", image}, {"from", from.name}});
  } catch (const std::exception& failed) {
    transfer->fault = "image " + image + " from node " + from.name + ": " + failed.what();
    log_.warn("image not fetched", {{"image", image}, {"reason", transfer->fault}});
  }
  transfer->done = true;
  running_.erase(image);
  transfer->ended.fire();
}

base::Task<> ImageTransfer::pipe(std::string image, cluster::Node from) {
  std::unique_ptr<base::HttpConnection> source = co_await from.http->connect(true);
  std::string question = "GET /images/get?names=" + base::encodeQueryValue(image) +
                         " HTTP/1.1\r\nHost: docker\r\n\r\n";
  co_await source->stream->write(question);
  co_await source->readHead(false);
  if (source->reader.head().status() != 200) {
    std::string body = co_await restOf(*source);
    throw base::StreamError(docker::errorMessage(body));
  }
  if (source->reader.framing() != base::Framing::chunked)
    throw base::StreamError("it does not send the image in chunks");

  std::unique_ptr<base::HttpConnection> sink = co_await engine_.connect(true);
  std::string head =
      "POST /images/load?quiet=1 HTTP/1.1\r\nHost: docker\r\nContent-Type: application/x-tar\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  size_t used = source->reader.feedBody(source->rest);
  head.append(source->rest, 0, used);
  source->rest.erase(0, used);
  co_await sink->stream->write(head);
  base::Transfer transfer(*source->stream, *sink->stream);
  co_await transfer.body(source->reader, source->rest);
  co_await sink->readHead(false);
  int status = sink->reader.head().status();
  std::string said = co_await restOf(*sink);
  std::string wrong = status == 200 ? docker::progressError(said) : docker::errorMessage(said);
  if (!wrong.empty()) throw base::StreamError(wrong);
}

base::Task<> ImageTransfer::send(std::string image, cluster::Node from, cluster::Node to) {
  base::JsonWriter json;
  json.object().member("image", image).member("from", from.id.text()).endObject();
  std::string request = json.text();
  if (to.self) {
    co_await fetch(std::move(request));
    co_return;
  }
  catalog::NodeReply reply = co_await catalog::postToPeer(
      causality_, std::move(to), "/drover/v1/images/fetch", std::move(request), transferTimeout);
  reply.throwFault();
  if (!reply.done) throw cluster::AgentError(reply.status, reply.why());
}

}  // namespace orchestrator
