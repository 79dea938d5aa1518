#include "base/http.h"

#include <llhttp.h>

#include <algorithm>
#include <cstring>

namespace base {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

constexpr std::string_view headEnd = "\r\n\r\n";
// A larger one's room is given back when the next message begins.
constexpr size_t keptHead = 2048;

bool isControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Whether some character is a control. Eight at a time, since all of each head is looked at.
bool hasControl(std::string_view text) {
  constexpr uint64_t each = 0x0101010101010101;
  constexpr size_t step = sizeof each;
  if (text.size() < step) return std::any_of(text.begin(), text.end(), isControl);
  uint64_t found = 0;
  for (size_t at = 0; at < text.size(); at += step) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data() + std::min(at, text.size() - step), step);
    // A borrow out of a byte tells that it was less, as far as its own highest bit was not set.
    uint64_t del = bytes ^ each * 0x7f;
    found |= ((bytes - each * 0x20) & ~bytes) | ((del - each) & ~del);
  }
  return found & each * 0x80;
}

}  // namespace

bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool hasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    if (equalsIgnoreCase(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

std::optional<std::string_view> Head::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (isNamed(field, name)) return view(field.value);
  }
  return std::nullopt;
}

size_t Head::count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(
      fields_.begin(), fields_.end(), [&](const Field& field) { return isNamed(field, name); }));
}

void Head::retarget(std::string_view target) {
  std::string copy(target);  // it may be a part of the text
  target_ = {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(copy.size())};
  text_.append(copy);
}

void Head::drop(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return isNamed(field, name); });
}

std::string_view Head::upgrade() const {
  std::optional<std::string_view> protocol = find("Upgrade");
  if (!protocol || protocol->empty()) return {};
  for (size_t i = 0; i < size(); i++) {
    Header header = (*this)[i];
    if (equalsIgnoreCase(header.name, "Connection") && hasToken(header.value, "upgrade"))
      return *protocol;
  }
  return {};
}

// llhttp with what its callbacks fill. Spans arrive in pieces when a head arrives in pieces; each
// piece continues where the last one ended, since the text is kept contiguous.
struct MessageReader::Parser {
  llhttp_t http;
  Head* head = nullptr;
  size_t base = 0;             // where in the text the bytes being parsed start
  const char* from = nullptr;  // their address
  bool valueSeen = true;       // the newest field has (part of) its value
  bool sawData = false;
  bool inChunk = false;  // the last bytes seen were a chunk's data, and more of it follows
  bool done = false;
  size_t maxHeaders = 0;
  uint64_t chunkSize = 0;
  std::string* collected = nullptr;

  static const llhttp_settings_t& settings();
  static Parser& of(llhttp_t* http) { return *static_cast<Parser*>(http->data); }

  void extend(Head::Span& span, const char* at, size_t length) const {
    if (span.length == 0) span.at = static_cast<uint32_t>(base + static_cast<size_t>(at - from));
    span.length += static_cast<uint32_t>(length);
  }
};

const llhttp_settings_t& MessageReader::Parser::settings() {
  static const llhttp_settings_t made = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* http, const char* at, size_t length) {
      Parser& self = of(http);
      self.extend(self.head->target_, at, length);
      return 0;
    };
    s.on_status = [](llhttp_t* http, const char* at, size_t length) {
      Parser& self = of(http);
      self.extend(self.head->target_, at, length);
      return 0;
    };
    s.on_header_field = [](llhttp_t* http, const char* at, size_t length) {
      Parser& self = of(http);
      if (self.done) return 0;  // a trailer
      if (self.valueSeen) {
        if (self.head->fields_.size() == self.maxHeaders) return -1;
        self.head->fields_.emplace_back();
        self.valueSeen = false;
      }
      self.extend(self.head->fields_.back().name, at, length);
      return 0;
    };
    s.on_header_value = [](llhttp_t* http, const char* at, size_t length) {
      Parser& self = of(http);
      if (self.done) return 0;
      self.valueSeen = true;
      self.extend(self.head->fields_.back().value, at, length);
      return 0;
    };
    s.on_header_value_complete = [](llhttp_t* http) {
      of(http).valueSeen = true;  // also for an empty value
      return 0;
    };
    s.on_headers_complete = [](llhttp_t* http) {
      Parser& self = of(http);
      self.done = true;
      http->upgrade = 0;  // upgrades are ours to recognise; a body is parsed as a body
      return static_cast<int>(HPE_PAUSED);
    };
    s.on_chunk_header = [](llhttp_t* http) {
      of(http).chunkSize = http->content_length;
      return 0;
    };
    s.on_body = [](llhttp_t* http, const char* at, size_t length) {
      Parser& self = of(http);
      self.sawData = true;
      self.inChunk = true;
      if (self.collected) self.collected->append(at, length);
      return 0;
    };
    s.on_chunk_complete = [](llhttp_t* http) {
      of(http).inChunk = false;
      return 0;
    };
    s.on_message_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    return s;
  }();
  return made;
}

MessageReader::MessageReader(Kind kind, HttpLimits limits)
    : parser_(std::make_unique<Parser>()), limits_(limits) {
  llhttp_init(&parser_->http, kind == Kind::request ? HTTP_REQUEST : HTTP_RESPONSE,
              &Parser::settings());
  parser_->http.data = parser_.get();
  parser_->maxHeaders = limits.headers;
}

MessageReader::MessageReader(MessageReader&&) noexcept = default;
MessageReader::~MessageReader() = default;

void MessageReader::reset() {
  llhttp_reset(&parser_->http);
  parser_->valueSeen = true;
  parser_->done = false;
  parser_->chunkSize = 0;
  parser_->inChunk = false;
  if (head_.text_.capacity() > keptHead) {
    // To assign an empty string would keep the room.
    std::string().swap(head_.text_);
    std::vector<Head::Field>().swap(head_.fields_);
  }
  head_.text_.clear();
  head_.fields_.clear();
  head_.target_ = {};
  head_.method_ = {};
  headDone_ = bodyDone_ = noBody_ = false;
  framing_ = Framing::none;
  contentLength_ = remaining_ = 0;
  overhead_ = 0;
  collected_ = nullptr;
}

size_t MessageReader::feedHead(std::string_view bytes) {
  size_t skipped = 0;
  if (head_.text_.empty()) {  // RFC 9112 2.2: blank lines before a request line are ignored
    while (skipped < bytes.size() && (bytes[skipped] == '\r' || bytes[skipped] == '\n')) skipped++;
  }
  std::string_view fresh = bytes.substr(skipped);
  if (fresh.empty()) return skipped;
  // Of a large read most is body; only what a head may still have is looked at, and first up to
  // where it seems to end.
  fresh = fresh.substr(0, limits_.headBytes + 1 - head_.text_.size());
  size_t used = 0;
  if (fresh.size() > keptHead) {
    size_t end = fresh.find(headEnd);
    if (end != std::string_view::npos) used = parseHead(fresh.substr(0, end + headEnd.size()));
  }
  if (!headDone_) used += parseHead(fresh.substr(used));
  return skipped + used;
}

size_t MessageReader::parseHead(std::string_view fresh) {
  size_t before = head_.text_.size();
  head_.text_.append(fresh);
  Parser& parser = *parser_;
  parser.head = &head_;
  parser.base = before;
  parser.from = head_.text_.data() + before;
  llhttp_errno_t result = llhttp_execute(&parser.http, parser.from, fresh.size());
  if (result == HPE_PAUSED && parser.done) {
    size_t used = static_cast<size_t>(llhttp_get_error_pos(&parser.http) - parser.from);
    head_.text_.resize(before + used);
    checkSize();
    finishHead();
    return used;
  }
  if (head_.fields_.size() == limits_.headers && result == HPE_USER)
    throw HttpError(431, "more than " + std::to_string(limits_.headers) + " request headers");
  if (result != HPE_OK) {
    const char* why = llhttp_get_error_reason(&parser.http);
    throw HttpError(400, std::string("malformed HTTP message: ") + (why ? why : "unreadable"));
  }
  checkSize();
  return fresh.size();
}

void MessageReader::checkSize() const {
  if (head_.text_.size() > limits_.headBytes)
    throw HttpError(431, "HTTP head larger than " + std::to_string(limits_.headBytes) + " bytes");
}

// Checks what llhttp leaves to its user, and derives the framing.
void MessageReader::finishHead() {
  llhttp_t& http = parser_->http;
  bool request = http.type == HTTP_REQUEST;
  if (http.http_major != 1 || http.http_minor > 1)
    throw HttpError(505, "HTTP version not supported");
  // llhttp also takes the requests of RTSP and ICE.
  size_t behindTarget = head_.target_.at + head_.target_.length;
  if (request && !std::string_view(head_.text_).substr(behindTarget).starts_with(" HTTP/"))
    throw HttpError(400, "malformed HTTP message: not HTTP");
  head_.minor_ = http.http_minor;
  head_.status_ = request ? 0 : http.status_code;
  if (!request && (head_.status_ < 100 || head_.status_ > 999))
    throw HttpError(400, "malformed HTTP message: status code");
  head_.method_ = request ? llhttp_method_name(static_cast<llhttp_method_t>(http.method)) : "";
  for (char c : head_.target()) {
    if (request ? isControl(c) || c == ' ' : isControl(c) && c != '\t')
      throw HttpError(400, "malformed HTTP message: control character in the start line");
  }
  for (size_t i = 0; i < head_.size(); i++) {
    Head::Header header = head_[i];
    if (header.name.empty() || header.name.back() == ' ')
      throw HttpError(400, "malformed HTTP message: space after a header's name");
    if (!hasControl(header.value)) continue;
    for (char c : header.value) {
      if (isControl(c) && c != '\t')
        throw HttpError(400, "malformed HTTP message: control character in a header");
    }
  }
  // Whoever reads lengths as signed numbers would take it for none, or a negative one.
  if ((http.flags & F_CONTENT_LENGTH) && http.content_length > INT64_MAX)
    throw HttpError(400, "malformed HTTP message: Content-Length of 2^63 or more");
  bool chunked = (http.flags & F_CHUNKED) != 0;
  bool coded = head_.find("Transfer-Encoding").has_value();
  bool sized = (http.flags & F_CONTENT_LENGTH) != 0;
  // Where two framings could be read, two readers could disagree about where the next request
  // starts (RFC 9112 6.3); nothing but the plain forms is let through.
  if (coded && (!chunked || sized || head_.count("Transfer-Encoding") != 1 ||
                !equalsIgnoreCase(*head_.find("Transfer-Encoding"), "chunked")))
    throw HttpError(400, "malformed HTTP message: ambiguous body length");
  if (request && head_.minor_ == 1 && head_.count("Host") != 1)
    throw HttpError(400, "HTTP/1.1 requests need exactly one Host header");
  if (request && coded && head_.minor_ == 0)
    throw HttpError(400, "malformed HTTP message: HTTP/1.0 has no transfer encodings");

  int status = head_.status_;
  if (noBody_ || (!request && (status < 200 || status == 204 || status == 304))) {
    framing_ = Framing::none;
  } else if (chunked) {
    framing_ = Framing::chunked;
    llhttp_resume(&http);
  } else if (sized) {
    framing_ = http.content_length ? Framing::length : Framing::none;
    contentLength_ = remaining_ = http.content_length;
  } else {
    framing_ = request ? Framing::none : Framing::untilClose;
  }
  bool asked = (http.flags & (head_.minor_ ? F_CONNECTION_CLOSE : F_CONNECTION_KEEP_ALIVE)) != 0;
  head_.keepAlive_ = framing_ != Framing::untilClose && (head_.minor_ ? !asked : asked);
  bodyDone_ = framing_ == Framing::none;
  headDone_ = true;
}

size_t MessageReader::feedBody(std::string_view bytes) {
  if (bodyDone_) return 0;
  if (framing_ != Framing::chunked) {
    size_t used = static_cast<size_t>(std::min<uint64_t>(skippable(), bytes.size()));
    skip(used);
    if (collected_) collected_->append(bytes.substr(0, used));
    return used;
  }
  Parser& parser = *parser_;
  parser.collected = collected_;
  parser.sawData = false;
  llhttp_errno_t result = llhttp_execute(&parser.http, bytes.data(), bytes.size());
  if (result == HPE_PAUSED) {
    bodyDone_ = true;
    return static_cast<size_t>(llhttp_get_error_pos(&parser.http) - bytes.data());
  }
  if (result != HPE_OK) {
    const char* why = llhttp_get_error_reason(&parser.http);
    throw HttpError(400, std::string("malformed chunked body: ") + (why ? why : "unreadable"));
  }
  // Chunk extensions and trailers are bounded like heads are.
  overhead_ = parser.sawData ? 0 : overhead_ + bytes.size();
  if (overhead_ > limits_.headBytes) throw HttpError(431, "chunk head or trailers too large");
  return bytes.size();
}

uint64_t MessageReader::skippable() const {
  if (bodyDone_) return 0;
  switch (framing_) {
    case Framing::none:
      return 0;
    case Framing::length:
      return remaining_;
    case Framing::untilClose:
      return UINT64_MAX;
    case Framing::chunked:
      // llhttp counts a chunk's data down in content_length and takes each execute()'s share from
      // it. The last byte is left to it, so that it sees the chunk end.
      return parser_->inChunk && parser_->http.content_length ? parser_->http.content_length - 1
                                                              : 0;
  }
  return 0;
}

uint64_t MessageReader::chunkSize() const {
  return parser_->chunkSize;
}

void MessageReader::skip(uint64_t bytes) {
  if (framing_ == Framing::length) {
    remaining_ -= bytes;
    bodyDone_ = remaining_ == 0;
  } else if (framing_ == Framing::chunked) {
    parser_->http.content_length -= bytes;
  }
}

bool MessageReader::endOfStream() {
  if (headDone_ && framing_ == Framing::untilClose) bodyDone_ = true;
  return headDone_ && bodyDone_;
}

}  // namespace base
