#include "cluster/agent/joining.h"

#include "base/http_client.h"
#include "cluster/agent_error.h"
#include "cluster/ca/certificates.h"
#include "cluster/ca/draw.h"
#include "cluster/ca/join_token.h"
#include "cluster/transport/peer_call.h"

namespace cluster {
namespace {

constexpr base::milliseconds joinTimeout(10'000);
constexpr size_t maxAnswer = 4 * 1024 * 1024;

base::Task<std::unique_ptr<base::Stream>> connectPinned(base::Loop& loop,
                                                        std::shared_ptr<base::TlsContext> tls,
                                                        std::string host, uint16_t port) {
  std::unique_ptr<base::Stream> stream =
      co_await base::Stream::connectTcp(loop, host, port, joinTimeout);
  co_await stream->connectTls(*tls, "", joinTimeout);
  co_return stream;
}

}  // namespace

base::Task<Joined> askToJoin(base::Loop& loop, JoinAttempt attempt) {
  ParsedToken parsed = parseJoinToken(attempt.token);
  auto [host, port] = splitHostPort(attempt.remote);
  base::TlsOptions options;
  options.role = base::TlsOptions::Role::client;
  options.pinned = parsed.token->authority;
  std::shared_ptr<base::TlsContext> tls =
      std::make_shared<base::TlsContext>(base::TlsContext::inMemory(options));
  base::HttpClient client(
      loop, "node at " + attempt.remote,
      [&loop, tls, host = host, port = port] { return connectPinned(loop, tls, host, port); },
      base::HttpLimits(), 1);

  Joined joined;
  joined.addresses = attempt.addresses;
  std::unique_ptr<base::HttpConnection> connection = co_await client.connect(true);
  Endpoint& advertise = joined.addresses.advertise;
  if (isUnspecified(advertise)) advertise = ownAddress(connection->stream->fd(), advertise.port);
  client.giveBack(std::move(connection));
  base::HttpReply described =
      co_await client.call(base::httpGet("/drover/v1/cluster", joinTimeout, maxAnswer));
  if (described.status != 200) throw AgentError(503, attempt.remote + ": " + refusalOf(described));
  std::string id = decodeCluster(described.body, attempt.remote);

  joined.self = drawNodeId();
  joined.key = makeKey();
  JoinRequest request;
  request.secret = std::move(parsed.token->secret);
  request.certificateRequest = makeRequest(joined.key, joined.self, id);
  request.joiner.id = joined.self;
  request.joiner.name = attempt.name;
  request.joiner.gossip = {advertise.ip, attempt.gossipPort};
  request.joiner.apiPort = advertise.port;
  base::HttpCall call;
  call.method = "POST";
  call.target = "/drover/v1/join";
  call.body = encode(request);
  call.timeout = joinTimeout;
  call.maxAnswer = maxAnswer;
  base::HttpReply reply = co_await client.call(std::move(call));
  if (reply.status != 200) throw AgentError(reply.status, refusalOf(reply));

  std::optional<Admission> admission = decodeAdmission(reply.body, id);
  if (!admission) throw AgentError(503, attempt.remote + " does not answer as a droverd does");
  joined.admission = std::move(*admission);
  co_return joined;
}

}  // namespace cluster
