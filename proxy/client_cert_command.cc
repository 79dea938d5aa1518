#include "proxy/client_cert_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>

#include "base/fd.h"
#include "base/http_client.h"
#include "base/json.h"
#include "proxy/api/client_certificates.h"
#include "proxy/config.h"

namespace proxy {
namespace {

constexpr base::milliseconds connectTimeout(5'000);
constexpr base::milliseconds answerTimeout(10'000);

// ---- asking

base::Task<std::unique_ptr<base::Stream>> connectTo(base::Loop& loop, std::string path) {
  std::string why;
  try {
    std::unique_ptr<base::Stream> stream =
        co_await base::Stream::connectUnix(loop, path, connectTimeout);
    co_return stream;
  } catch (const base::StreamError& failed) {
    why = failed.what();
  }
  throw base::StreamError(why + "; is it running, and do you have permission to use its socket?");
}

base::Task<> ask(base::HttpClient& droverd, CertificateRequest asked,
                 std::optional<base::HttpReply>& reply, std::string& why) {
  base::HttpCall call;
  call.method = "POST";
  call.target = clientCertificatePath;
  call.body = encode(asked);
  call.timeout = answerTimeout;
  try {
    reply = co_await droverd.call(std::move(call));
  } catch (const std::exception& failed) {
    why = failed.what();
  }
  droverd.loop().stop();
}

IssuedCertificate request(const std::string& socket, CertificateRequest asked) {
  base::Loop loop;
  base::HttpClient droverd(
      loop, "droverd at unix://" + socket, [&loop, socket] { return connectTo(loop, socket); },
      base::HttpLimits(), 1);
  std::optional<base::HttpReply> reply;
  std::string why;
  base::Scope tasks([](std::exception_ptr) {});
  tasks.spawn(ask(droverd, std::move(asked), reply, why));
  if (!reply && why.empty()) loop.run();
  if (!reply) throw std::runtime_error(why);
  if (reply->status != 200) {
    std::string message(base::text(base::parseJson(reply->body), "message"));
    throw std::runtime_error(message.empty() ? "droverd at unix://" + socket +
                                                   " does not issue client certificates (status " +
                                                   std::to_string(reply->status) + ")"
                                             : message);
  }
  std::optional<IssuedCertificate> issued = decodeIssuedCertificate(reply->body);
  if (!issued) throw std::runtime_error("the server at unix://" + socket + " is not droverd");
  return std::move(*issued);
}

// ---- writing

[[noreturn]] void failAt(const std::string& path) {
  throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}

// A file beside the one that it becomes with place(); gone if it never does.
class Draft {
 public:
  Draft(std::string path, mode_t mode, std::string_view content)
      : path_(std::move(path)), draft_(path_ + ".new") {
    ::unlink(draft_.c_str());
    base::Fd file(::open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) failAt(path_);
    while (!content.empty()) {
      ssize_t written = ::write(file.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        int failure = errno;
        ::unlink(draft_.c_str());
        errno = failure;
        failAt(path_);
      }
      content.remove_prefix(static_cast<size_t>(written));
    }
    if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0) failAt(path_);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (!draft_.empty()) ::unlink(draft_.c_str());
  }
  void place() {
    if (::rename(draft_.c_str(), path_.c_str()) != 0) failAt(path_);
    draft_.clear();
  }

 private:
  std::string path_;
  std::string draft_;
};

void writeAll(const std::string& directory, const IssuedCertificate& issued) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    throw std::runtime_error("cannot make " + directory + ": " + std::strerror(errno));
  Draft ca(directory + "/ca.pem", 0644, issued.authorities);
  Draft certificate(directory + "/cert.pem", 0644, issued.certificate);
  Draft key(directory + "/key.pem", 0600, issued.key.reveal());
  ca.place();
  certificate.place();
  key.place();
}

// ---- the command line

// The unix socket of this host's droverd: as it was given, or the first that the settings name.
std::string socketOf(const std::string& given, const ConfigSource& source) {
  constexpr std::string_view scheme = "unix://";
  if (!given.empty()) {
    if (!given.starts_with(scheme) || given[scheme.size()] != '/')
      throw std::runtime_error(
          "--host: \"" + given +
          "\" is not unix:///PATH; certificates are issued over a unix socket only");
    return given.substr(scheme.size());
  }
  for (const Listener& each : load(source).listen) {
    if (each.kind == Listener::Kind::unixSocket) return each.path;
  }
  return Config().listen.front().path;
}

}  // namespace

std::optional<std::chrono::seconds> parseValidity(std::string_view text) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  const std::pair<std::string_view, uint64_t> units[] = {
      {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 24 * 3600}};
  uint64_t most = static_cast<uint64_t>(std::chrono::seconds(longestValidity).count());
  for (const auto& [name, seconds] : units) {
    if (error != std::errc() || unit != name || number > most / seconds || number == 0) continue;
    return std::chrono::seconds(number * seconds);
  }
  return std::nullopt;
}

int clientCertCommand(int argc, const char* const* argv, std::ostream& out) {
  std::string directory, host, validFor = "90d";
  CertificateRequest asked{"docker-client", {}};
  ConfigSource source;
  CLI::App app(
      "Creates a certificate for docker to use the cluster over TCP, through any node that has a "
      "tcp:// listener. Asks the droverd of this host, which must be in a cluster.",
      "droverd client-cert");
  app.get_formatter()->column_width(28);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  app.add_option("--out", directory,
                 "Directory for ca.pem, cert.pem and key.pem, for DOCKER_CERT_PATH; created if it "
                 "does not exist.")
      ->option_text("DIR")
      ->required();
  app.add_option("--name", asked.name,
                 "Name in the certificate, for the logs. Default: docker-client.")
      ->option_text("NAME");
  app.add_option("--valid-for", validFor,
                 "How long it is valid: a number with s, m, h or d, up to ten years. Default: 90d.")
      ->option_text("TIME");
  app.add_option("--host", host, "Unix socket of droverd. Default: the first one in the settings.")
      ->option_text("unix:///PATH");
  CLI::Option* file =
      app.add_option("--config", source.file, "File with the settings. Default: " + source.file);
  file->option_text("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    throw std::runtime_error("client-cert: " + std::string(error.what()) +
                             "; see droverd client-cert --help");
  }
  source.fileMustExist = file->count() > 0;
  std::optional<std::chrono::seconds> validity = parseValidity(validFor);
  if (!validity)
    throw std::runtime_error("--valid-for: \"" + validFor +
                             "\" is not a time such as 90d, 12h or 30m, of at most ten years");
  if (directory.empty()) throw std::runtime_error("--out: needs the name of a directory");
  asked.validFor = *validity;
  writeAll(directory, request(socketOf(host, source), std::move(asked)));
  out << "Wrote ca.pem, cert.pem and key.pem to " << directory << ". To use them:\n"
      << "export DOCKER_HOST=tcp://NODE:2376 DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=" << directory
      << "\n";
  return 0;
}

}  // namespace proxy
