#include "docker/engine.h"

namespace docker {
namespace {

constexpr size_t maxIdle = 32;

base::Task<std::unique_ptr<base::Stream>> connectTo(base::Loop& loop, std::string path,
                                                    base::milliseconds timeout) {
  std::string why;
  try {
    std::unique_ptr<base::Stream> stream = co_await base::Stream::connectUnix(loop, path, timeout);
    co_return stream;
  } catch (const base::StreamError& failed) {
    why = failed.what();
  }
  throw base::StreamError(why + ". Is the docker daemon running on this host?");
}

}  // namespace

Engine::Engine(base::Loop& loop, std::string path, base::milliseconds connectTimeout,
               base::HttpLimits limits)
    : HttpClient(
          loop, "Docker Engine at unix://" + path,
          [&loop, path, connectTimeout] { return connectTo(loop, path, connectTimeout); }, limits,
          maxIdle),
      path_(path) {}

}  // namespace docker
