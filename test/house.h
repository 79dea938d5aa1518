#pragma once

// The parts of droverd in front of a FakeDocker, wired as main.cc does it, and clients that play
// their scripts on connections to it.

#include <fcntl.h>
#include <sys/mman.h>

#include <memory>
#include <string>
#include <vector>

#include "docker/container_lists.h"
#include "docker/engine.h"
#include "docker/engine_state.h"
#include "proxy/api/api.h"
#include "proxy/connection.h"
#include "proxy/http/metrics.h"
#include "test/fake_docker.h"
#include "test/stage.h"

namespace test {

struct House {
  House() { log.setLevel(base::Level::debug); }
  ~House() { stage.cancel(); }  // no task outlives what it uses, be the test failed or not

  Stage stage;
  FakeDocker docker{stage};
  base::Fd logFile{::memfd_create("log", MFD_CLOEXEC)};
  base::Log log{logFile.get()};
  std::vector<std::string_view> routeNames = namesOfRoutes();
  proxy::Metrics metrics{routeNames, "test"};
  docker::Engine engine{stage.loop, docker.path(), milliseconds(1000), {}};
  docker::EngineState state{stage.loop, engine, log};
  docker::ContainerLists lists{stage.loop, engine, state, log, 64 * 1024 * 1024};
  proxy::LocalApi local{engine, state, lists, metrics};
  TempDir stateDir;
  cluster::Agent agent{stage.loop, agentOptions(), log};
  catalog::ContainerIndex index;
  catalog::HoldingsIndex held;
  catalog::Locator locator{engine, agent, index, held};
  orchestrator::ImageTransfer images{stage.loop, engine, agent, locator, log};
  scheduler::Placements placements{stage.loop, agent, {}};
  orchestrator::NameClaims names{stage.loop, engine, agent, locator, index, placements, log};
  orchestrator::VolumeClaims volumes{stage.loop, engine, agent, locator, held, log};
  orchestrator::VolumeMove volumeMove{
      {engine, local, agent, locator, index, held, placements, volumes, log}};
  orchestrator::ContainerCreate creation{stage.loop, engine, local,   agent,      locator, index,
                                         placements, names,  volumes, volumeMove, images,  log};
  proxy::CreateCalls creates{stage.loop, engine, local, creation, 64 * 1024 * 1024};
  orchestrator::ContainerRename renames{{local, agent, index, names}};
  proxy::GlobalCalls globalCalls{
      {engine, local, agent, index, locator, names, log, 64 * 1024 * 1024}};
  orchestrator::ContainerMove moves{{stage.loop, engine, local, agent, index, locator, placements,
                                     names, creation, renames, log}};
  orchestrator::Rebalancing rebalancing{
      {stage.loop, engine, local, agent, index, locator, placements, moves, log}, milliseconds(0)};
  proxy::SwarmApi swarm{engine, local, agent, true, 64 * 1024 * 1024};
  proxy::Federation federation{{stage.loop, engine, local, lists, agent, index, held, locator,
                                names, volumes, creation, creates, globalCalls, rebalancing,
                                placements, images, swarm, log, 64 * 1024 * 1024}};
  proxy::NodeApi nodeApi{agent, images, rebalancing, volumeMove};
  proxy::ClientCertificates clientCertificates{agent};
  proxy::Api api{agent, local, federation, swarm, nodeApi, creates, clientCertificates};
  proxy::ConnectionLimits limits{{}, milliseconds(30'000), milliseconds(30'000)};
  proxy::BodyBudget bodies{64 * 1024 * 1024};
  proxy::QuietLog quiet{stage.loop, log};
  int clients = 0;  // being served

  cluster::AgentOptions agentOptions() const {
    cluster::AgentOptions options;
    options.stateDir = stateDir / "state";
    options.name = "node";
    return options;
  }

  // Valid until the connection ends.
  proxy::Connection& accept(base::Fd fd, const base::TlsContext* tls = nullptr) {
    proxy::Arrival arrival{.peer = "client"};
    if (tls) arrival.tls = [tls] { return tls; };
    std::unique_ptr<proxy::Connection> made =
        std::make_unique<proxy::Connection>(stage.stream(std::move(fd)), std::move(arrival), api,
                                            engine, limits, bodies, log, quiet, metrics);
    proxy::Connection& connection = *made;
    clients++;
    stage.start(serve(std::move(made)));
    return connection;
  }

  proxy::Connection& client(Script script) {
    auto [ours, theirs] = socketPair();
    proxy::Connection& connection = accept(std::move(ours));
    stage.play("client", std::move(theirs), std::move(script));
    return connection;
  }

  // All that was logged by now.
  std::string logged() {
    log.flush();
    std::string text(static_cast<size_t>(::lseek(logFile.get(), 0, SEEK_END)), '\0');
    if (::pread(logFile.get(), text.data(), text.size(), 0) < 0) text.clear();
    return text;
  }

 private:
  base::Task<> serve(std::unique_ptr<proxy::Connection> connection) {
    co_await connection->serve();
    clients--;
  }

  static std::vector<std::string_view> namesOfRoutes() {
    std::vector<std::string_view> names;
    for (const proxy::Route& route : proxy::routes()) names.push_back(route.pattern);
    return names;
  }
};

}  // namespace test
