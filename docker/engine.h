#pragma once

// The way to this host's Docker Engine: HTTP over its unix socket.

#include <string>

#include "base/http_client.h"

namespace docker {

class Engine : public base::HttpClient {
 public:
  // `loop` must outlive it. Heads of the engine's answers may be as large as `limits` says.
  Engine(base::Loop& loop, std::string path, base::milliseconds connectTimeout,
         base::HttpLimits limits);

  // "unix:///run/docker.sock", for messages.
  std::string url() const { return "unix://" + path_; }

 private:
  std::string path_;
};

}  // namespace docker
