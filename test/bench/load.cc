// The load generator of test/bench/proxy. `run` sends one kind of request to several targets in
// turn, A B C D A B C D, a block of requests each time, checks every answer, and prints what each
// block measured as JSON. `idle` opens many connections and keeps them until its stdin ends, so
// that somebody can look at a proxy's memory. One thread, blocking sockets: with a single
// connection a request costs the client one send and one receive.

#include <fcntl.h>
#include <rapidjson/ostreamwrapper.h>
#include <rapidjson/writer.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/bench/connection.h"

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

// What to ask and what must come back.
struct Call {
  std::string method = "GET";
  std::string path;          // {id} stands for the next line of the ids
  std::string body;          // JSON
  std::string upload;        // a file to send chunked, as the docker CLI does
  bool upgrade = false;      // as `docker exec` does: Upgrade: tcp, and half-close after the 101
  bool streamHeads = false;  // the body is Docker's multiplexed stream
  int status = 200;
  std::string text;  // that the start of the body must contain
};

struct Plan {
  int connections = 1;
  int rounds = 5;
  int blockRequests = 0;      // a block is so many requests,
  double blockSeconds = 0.1;  // or, if that is 0, lasts so long
};

// What one block measured.
struct Block {
  double seconds = 0;
  std::vector<double> latencies;  // in microseconds

  double rate() const { return static_cast<double>(latencies.size()) / seconds; }
  double percentile(double share) const {
    auto sorted = latencies;
    auto at = sorted.begin() + static_cast<std::ptrdiff_t>(share * (sorted.size() - 1) + 0.5);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }
};

struct Target {
  std::string name;
  std::string socket;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<Block> blocks;
  std::uint64_t fewestBytes = std::numeric_limits<std::uint64_t>::max();  // of its answers' bodies
  std::uint64_t mostBytes = 0;
  std::string error;  // the first one; the target is left out from then on
};

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string requestHead(const Call& call, const std::string& path) {
  std::string head = call.method + " " + path + " HTTP/1.1\r\nHost: docker\r\n";
  if (call.upgrade) head += "Connection: Upgrade\r\nUpgrade: tcp\r\n";
  if (!call.upload.empty()) {
    head += "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n";
  } else if (!call.body.empty()) {
    head += "Content-Type: application/json\r\n";
  }
  if (call.upload.empty() && call.method != "GET") {
    head += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  }
  return head + "\r\n" + call.body;
}

// Sends a file in chunks of the docker CLI's size, several with one call.
void upload(Connection& connection, const std::string& path, std::vector<char>& scratch) {
  constexpr std::size_t chunkSize = 32 * 1024;
  constexpr std::size_t chunkHeadSize = 6;  // "8000\r\n"
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::runtime_error("cannot read " + path);

  bool open = true;
  ssize_t got = 1;
  while (open && got > 0) {
    std::size_t filled = 0;
    while (got > 0 && filled + chunkHeadSize + chunkSize + 2 <= scratch.size()) {
      char* data = scratch.data() + filled + chunkHeadSize;
      got = ::read(file, data, chunkSize);
      if (got <= 0) break;
      char head[24];
      std::snprintf(head, sizeof head, "%04zx\r\n", static_cast<std::size_t>(got));
      std::copy_n(head, chunkHeadSize, scratch.data() + filled);
      data[got] = '\r';
      data[got + 1] = '\n';
      filled += chunkHeadSize + static_cast<std::size_t>(got) + 2;
    }
    open = connection.send({scratch.data(), filled});
  }
  ::close(file);
  if (got < 0) throw std::runtime_error("cannot read " + path);
  if (open) connection.send("0\r\n\r\n");
}

void check(const Call& call, const Answer& answer) {
  if (answer.status != call.status) {
    throw std::runtime_error("status " + std::to_string(answer.status) + " instead of " +
                             std::to_string(call.status) + ": " + answer.start);
  }
  if (answer.start.find(call.text) == std::string::npos) {
    throw std::runtime_error("no \"" + call.text + "\" in the answer: " + answer.start);
  }
}

// The ids that requests use up, and those that answers bring ({"Id":"..."}).
struct Ids {
  std::vector<std::string> given;
  std::size_t used = 0;
  std::ofstream found;

  std::string next() {
    if (used == given.size()) throw std::runtime_error("the ids are used up");
    return given[used++];
  }
  void save(const std::string& body) {
    if (!found.is_open()) return;
    auto begin = body.find("\"Id\":\"");
    if (begin == std::string::npos) throw std::runtime_error("no id in the answer: " + body);
    found << body.substr(begin + 6, 64) << "\n" << std::flush;
  }
};

// Sends requests to one target for one block: each connection has one under way at a time.
class Runner {
 public:
  Runner(const Call& call, const Plan& plan, Ids& ids)
      : call_(call), plan_(plan), ids_(ids), scratch_(256 * 1024) {}

  Block run(Target& target) {
    while (target.connections.size() < static_cast<std::size_t>(plan_.connections)) {
      target.connections.push_back(std::make_unique<Connection>(target.socket, call_.streamHeads));
    }
    for (auto& connection : target.connections) connection->open();
    return plan_.connections == 1 ? runOne(target) : runMany(target);
  }

 private:
  bool wantsMore(const Block& block, std::size_t underWay, Clock::time_point start) const {
    if (plan_.blockRequests == 0) return since(start) < plan_.blockSeconds;
    return block.latencies.size() + underWay < static_cast<std::size_t>(plan_.blockRequests);
  }

  void send(Connection& connection) {
    std::string path = call_.path;
    auto id = path.find("{id}");
    if (id != std::string::npos) path.replace(id, 4, ids_.next());
    connection.open();
    connection.send(requestHead(call_, path));
    if (!call_.upload.empty()) upload(connection, call_.upload, scratch_);
  }

  void finish(Target& target, const Answer& answer) {
    check(call_, answer);
    ids_.save(answer.start);
    target.fewestBytes = std::min(target.fewestBytes, answer.bytes);
    target.mostBytes = std::max(target.mostBytes, answer.bytes);
  }

  Block runOne(Target& target) {
    Block block;
    Connection& connection = *target.connections.front();
    auto start = Clock::now();
    while (wantsMore(block, 0, start)) {
      auto sent = Clock::now();
      send(connection);
      bool halfClosed = !call_.upgrade;
      while (!connection.receive(scratch_)) {
        if (!halfClosed && connection.parser().hasHead()) {
          connection.endSending();
          halfClosed = true;
        }
      }
      block.latencies.push_back(since(sent) * 1e6);
      finish(target, connection.parser().answer());
    }
    block.seconds = since(start);
    return block;
  }

  Block runMany(Target& target) {
    Block block;
    std::vector<Clock::time_point> sent(target.connections.size());
    std::vector<epoll_event> events(target.connections.size());
    int poll = epoll_create1(EPOLL_CLOEXEC);
    std::size_t underWay = 0;
    auto start = Clock::now();
    auto next = [&](std::size_t i) {
      sent[i] = Clock::now();
      send(*target.connections[i]);
      ++underWay;
    };
    for (std::size_t i = 0; i < target.connections.size(); ++i) {
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(poll, EPOLL_CTL_ADD, target.connections[i]->descriptor(), &event);
      if (wantsMore(block, underWay, start)) next(i);
    }
    while (underWay > 0) {
      int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 20000);
      if (ready == 0) throw std::runtime_error("silent for 20 s");
      for (int e = 0; e < ready; ++e) {
        std::size_t i = events[static_cast<std::size_t>(e)].data.u64;
        Connection& connection = *target.connections[i];
        if (!connection.receive(scratch_)) continue;
        --underWay;
        block.latencies.push_back(since(sent[i]) * 1e6);
        finish(target, connection.parser().answer());
        if (!connection.parser().canReuse()) {
          throw std::runtime_error("the answer ends the connection");
        }
        if (wantsMore(block, underWay, start)) next(i);
      }
    }
    block.seconds = since(start);
    ::close(poll);
    return block;
  }

  const Call& call_;
  const Plan& plan_;
  Ids& ids_;
  std::vector<char> scratch_;
};

void print(const std::vector<Target>& targets) {
  rapidjson::OStreamWrapper out(std::cout);
  rapidjson::Writer<rapidjson::OStreamWrapper> json(out);
  auto list = [&](const char* key, const std::vector<Block>& blocks, auto value) {
    json.Key(key);
    json.StartArray();
    for (const Block& block : blocks) json.Double(value(block));
    json.EndArray();
  };
  json.SetMaxDecimalPlaces(6);
  json.StartObject();
  for (const Target& target : targets) {
    json.Key(target.name.c_str());
    json.StartObject();
    list("rate", target.blocks, [](const Block& b) { return b.rate(); });
    list("p50", target.blocks, [](const Block& b) { return b.percentile(0.5); });
    list("p99", target.blocks, [](const Block& b) { return b.percentile(0.99); });
    json.Key("bytes");
    json.StartArray();
    json.Uint64(target.fewestBytes);
    json.Uint64(target.mostBytes);
    json.EndArray();
    json.Key("error");
    json.String(target.error.c_str());
    json.EndObject();
  }
  json.EndObject();
  std::cout << std::endl;
}

void run(std::vector<Target>& targets, const Call& call, const Plan& plan, Ids& ids, bool warmUp) {
  Runner runner(call, plan, ids);
  for (int round = warmUp ? -1 : 0; round < plan.rounds; ++round) {
    for (Target& target : targets) {
      if (!target.error.empty()) continue;
      try {
        Block block = runner.run(target);
        if (round >= 0) target.blocks.push_back(std::move(block));
      } catch (const std::exception& error) {
        target.error = error.what();
        target.connections.clear();
      }
    }
  }
  print(targets);
}

// Opens the connections, waits until each has its answer (or, of a stream, its first bytes), says
// so, and keeps them until stdin ends.
void idle(const Target& target, const Call& call, int count, bool stream) {
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<char> scratch(64 * 1024);
  for (int i = 0; i < count; ++i) {
    connections.push_back(std::make_unique<Connection>(target.socket, call.streamHeads));
    Connection& connection = *connections.back();
    connection.open();
    connection.send(requestHead(call, call.path));
    bool done = false;
    while (!done) {
      done = connection.receive(scratch);
      if (stream && connection.parser().answer().bytes > 0) done = true;
    }
    if (connection.parser().answer().status != call.status)
      check(call, connection.parser().answer());
  }
  std::cout << "ready" << std::endl;
  while (std::cin.get() != EOF) {
  }
}

Target targetOf(const std::string& option) {
  auto equals = option.find('=');
  Target target;
  target.name = option.substr(0, equals);
  target.socket = option.substr(equals + 1);
  return target;
}

int main(int argc, char** argv) {
  CLI::App app("Load for test/bench/proxy: HTTP requests over unix sockets, measured as JSON.");
  app.require_subcommand(1);
  Call call;
  Plan plan;
  Ids ids;
  std::vector<std::string> targetOptions;
  std::string idFile, foundFile;
  bool noWarmUp = false, stream = false;
  int count = 1000;

  auto common = [&](CLI::App* command) {
    command->add_option("--target", targetOptions, "NAME=SOCKET")->required();
    command->add_option("--path", call.path, "the request's path and query")->required();
    command->add_flag("--stream-heads", call.streamHeads, "the body is a multiplexed stream");
  };
  auto* runCommand = app.add_subcommand("run", "measure requests to each target in turn");
  common(runCommand);
  runCommand->add_option("--method", call.method);
  runCommand->add_option("--body", call.body, "JSON");
  runCommand->add_option("--upload", call.upload, "file to send as the body");
  runCommand->add_flag("--upgrade", call.upgrade, "hijack the connection, then half-close");
  runCommand->add_option("--status", call.status, "that each answer must have");
  runCommand->add_option("--text", call.text, "that each answer's start must contain");
  runCommand->add_option("--connections", plan.connections);
  runCommand->add_option("--rounds", plan.rounds);
  runCommand->add_option("--block-requests", plan.blockRequests);
  runCommand->add_option("--block-seconds", plan.blockSeconds);
  runCommand->add_flag("--no-warm-up", noWarmUp, "measure the first block too");
  runCommand->add_option("--ids", idFile, "file with the values of {id}, one a line");
  runCommand->add_option("--save-ids", foundFile, "file for the ids in the answers");
  auto* idleCommand = app.add_subcommand("idle", "keep connections open until stdin ends");
  common(idleCommand);
  idleCommand->add_option("--count", count, "of connections");
  idleCommand->add_flag("--stream", stream, "the answer does not end; wait for its first bytes");
  CLI11_PARSE(app, argc, argv);

  std::vector<Target> targets;
  for (const std::string& option : targetOptions) targets.push_back(targetOf(option));
  if (!idFile.empty()) {
    std::ifstream file(idFile);
    for (std::string line; std::getline(file, line);) ids.given.push_back(line);
  }
  if (!foundFile.empty()) ids.found.open(foundFile);

  if (*idleCommand) {
    idle(targets.front(), call, count, stream);
  } else {
    run(targets, call, plan, ids, !noWarmUp);
  }
  return 0;
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "drover-bench-load: " << error.what() << "\n";
    return 1;
  }
}
