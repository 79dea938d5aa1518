#include "cluster/agent/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string_view>

#include "base/fd.h"

namespace cluster {
namespace {

constexpr int applicationId = 0x64727672;  // "drvr"
constexpr int schemaVersion = 1;

// Single values are in `setting` under a name; what there may be many of has a table.
constexpr const char* schema =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE label (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE member (id TEXT PRIMARY KEY, name TEXT NOT NULL, ip TEXT NOT NULL,"
    " gossip_port INTEGER NOT NULL, api_port INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE removed_member (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;";
constexpr const char* eraseAll =
    "DELETE FROM setting; DELETE FROM counter; DELETE FROM label; DELETE FROM member;"
    "DELETE FROM removed_member;";

struct Free {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

[[noreturn]] void throwFor(int error, const std::string& what) {
  std::string why = what + ": " + std::strerror(error);
  for (int each : {ENOSPC, EDQUOT, EROFS, EACCES, EPERM, EIO}) {
    if (error == each) throw StoreUnwritable(why);
  }
  throw StoreError(why);
}

void makeDirectory(const std::string& directory) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed || ::chmod(directory.c_str(), 0700) != 0)
    throwFor(failed ? failed.value() : errno, "cannot create the state directory " + directory);
}

// SQLite gives the files beside it (-wal) the mode of this one.
void makeFile(const std::string& path) {
  base::Fd made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  // One that is there is not opened, since closing it would drop the locks of our own process.
  bool good = made || (errno == EEXIST && ::chmod(path.c_str(), 0600) == 0);
  if (!good) throwFor(errno, "cannot make " + path);
}

}  // namespace

class Store::Impl {
 public:
  explicit Impl(const std::string& directory) : path_(directory + "/drover.db") {
    makeDirectory(directory);
    makeFile(path_);
    sqlite3* opened = nullptr;
    int result = sqlite3_open_v2(path_.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    database_.reset(opened);
    check(result);
    // The lock is taken by the first access and kept, also of the file's readers.
    run("PRAGMA locking_mode=EXCLUSIVE");
    refuseForeign();
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        "BEGIN EXCLUSIVE; COMMIT");
    if (number("PRAGMA user_version") == 0) makeTables();
    std::string damage = text("PRAGMA quick_check(1)");
    if (damage != "ok") throw StoreError(damaged() + ": " + damage);
  }

  Saved load() {
    Saved saved;
    saved.node = idOr(value("node"), NodeId());
    saved.addresses = value("addresses");
    saved.config = value("config");
    saved.certificate = value("certificate");
    saved.key = secret("key");
    saved.availability = value("availability");
    Statement labels(*this, "SELECT key, value FROM label");
    while (labels.step()) saved.labels.emplace(labels.blob(0), labels.blob(1));
    Statement members(*this, "SELECT id, name, ip, gossip_port, api_port FROM member ORDER BY id");
    while (members.step()) saved.members.push_back(seed(members));
    Statement removed(*this, "SELECT id FROM removed_member ORDER BY id");
    while (removed.step()) saved.removed.push_back(id(removed.blob(0)));
    return saved;
  }

  void save(const Change& change) {
    Transaction transaction(*this);
    if (change.node) put("node", change.node->text());
    if (change.addresses) put("addresses", *change.addresses);
    if (change.config) put("config", *change.config);
    if (change.certificate) put("certificate", *change.certificate);
    if (change.key) put("key", change.key->reveal());
    if (change.availability) put("availability", *change.availability);
    if (change.labels) putLabels(*change.labels);
    if (change.members) putMembers(*change.members);
    if (change.removed) putRemoved(*change.removed);
    transaction.commit();
  }

  uint64_t reserve(uint64_t block) {
    Transaction transaction(*this);
    uint64_t start = std::max<uint64_t>(static_cast<uint64_t>(next("record_version")), 1);
    constexpr uint64_t most = std::numeric_limits<int64_t>::max();
    if (start > most || block > most - start)
      throw StoreError(path_ + ": there are no numbers left to reserve");
    putNext("record_version", static_cast<int64_t>(start + block));
    transaction.commit();
    return start;
  }

  void reserveAbove(uint64_t used) {
    if (used >= std::numeric_limits<int64_t>::max())
      throw StoreError(path_ + ": there are no numbers left to reserve");
    Transaction transaction(*this);
    int64_t wanted = static_cast<int64_t>(used) + 1;
    if (next("record_version") >= wanted) return;
    putNext("record_version", wanted);
    transaction.commit();
  }

  uint64_t beginSession() {
    Transaction transaction(*this);
    int64_t starts = next("starts") + 1;
    putNext("starts", starts);
    transaction.commit();
    uint32_t drawn = 0;
    fillRandom(&drawn, sizeof drawn);
    return static_cast<uint64_t>(starts) << 32 | drawn;
  }

  void forget() {
    Transaction transaction(*this);
    run(eraseAll);
    transaction.commit();
    // What was written before is in the log, too.
    run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

 private:
  // A prepared statement with its row.
  class Statement {
   public:
    Statement(Impl& store, const char* sql) : store_(store) {
      sqlite3_stmt* made = nullptr;
      store.check(sqlite3_prepare_v2(store.database_.get(), sql, -1, &made, nullptr));
      statement_.reset(made);
    }

    // The next parameter; the bytes must live until the statement is run.
    Statement& bind(std::string_view text) {
      store_.check(sqlite3_bind_text(get(), ++bound_, text.data() ? text.data() : "",
                                     static_cast<int>(text.size()), SQLITE_STATIC));
      return *this;
    }
    Statement& bindBlob(std::string_view bytes) {
      store_.check(sqlite3_bind_blob(get(), ++bound_, bytes.data() ? bytes.data() : "",
                                     static_cast<int>(bytes.size()), SQLITE_STATIC));
      return *this;
    }
    Statement& bind(int64_t number) {
      store_.check(sqlite3_bind_int64(get(), ++bound_, number));
      return *this;
    }

    // Whether there is a row.
    bool step() {
      int result = sqlite3_step(get());
      if (result != SQLITE_ROW && result != SQLITE_DONE) store_.check(result);
      return result == SQLITE_ROW;
    }
    // For those without rows; may be bound and run again.
    void run() {
      step();
      sqlite3_reset(get());
      bound_ = 0;
    }

    // Valid until the next step.
    std::string_view blob(int column) {
      const void* bytes = sqlite3_column_blob(get(), column);
      size_t size = static_cast<size_t>(sqlite3_column_bytes(get(), column));
      return {static_cast<const char*>(bytes), size};
    }
    int64_t number(int column) { return sqlite3_column_int64(get(), column); }

   private:
    sqlite3_stmt* get() { return statement_.get(); }

    Impl& store_;
    std::unique_ptr<sqlite3_stmt, Free> statement_;
    int bound_ = 0;
  };

  // Undone unless committed.
  class Transaction {
   public:
    explicit Transaction(Impl& store) : store_(store) { store.run("BEGIN IMMEDIATE"); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() {
      // Some errors have ended it already; then this does nothing.
      if (!done_) sqlite3_exec(store_.database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    void commit() {
      store_.run("COMMIT");
      done_ = true;
    }

   private:
    Impl& store_;
    bool done_ = false;
  };

  std::string damaged() const {
    return path_ + " is damaged; move it away and let this node join again";
  }

  void check(int result) {
    switch (result & 0xff) {
      case SQLITE_OK:
        return;
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        throw StoreError(path_ + " is in use by another process; is droverd running already?");
      case SQLITE_NOTADB:
        throw StoreError(path_ + " is not a database; move it away");
      case SQLITE_CORRUPT:
        throw StoreError(damaged());
      case SQLITE_FULL:
        throw StoreUnwritable("cannot write " + path_ + ": the disk is full");
      default:
        break;
    }
    const char* why = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(result);
    for (int each : {SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_PERM}) {
      if ((result & 0xff) == each) throw StoreUnwritable("cannot write " + path_ + ": " + why);
    }
    throw StoreError("cannot use " + path_ + ": " + why);
  }

  void run(const char* sql) {
    check(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr));
  }

  int64_t number(const char* sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.number(0) : 0;
  }

  std::string text(const char* sql) {
    Statement statement(*this, sql);
    return statement.step() ? std::string(statement.blob(0)) : std::string();
  }

  void refuseForeign() {
    int64_t program = number("PRAGMA application_id");
    int64_t version = number("PRAGMA user_version");
    bool empty = number("SELECT count(*) FROM sqlite_schema") == 0;
    if (empty && version == 0 && program == 0) return;
    if (program != applicationId)
      throw StoreError(path_ + " is a database of another program; move it away");
    if (version > schemaVersion)
      throw StoreError(
          path_ + " was written by a newer drover: it has version " + std::to_string(version) +
          " of the state format, and this drover reads up to version " +
          std::to_string(schemaVersion) +
          "; install that release again, or move the file away and join this node anew");
  }

  void makeTables() {
    Transaction transaction(*this);
    run(schema);
    run(("PRAGMA application_id=" + std::to_string(applicationId)).c_str());
    run(("PRAGMA user_version=" + std::to_string(schemaVersion)).c_str());
    transaction.commit();
  }

  // ---- values

  std::string value(std::string_view name) {
    Statement statement(*this, "SELECT value FROM setting WHERE name = ?");
    statement.bind(name);
    return statement.step() ? std::string(statement.blob(0)) : std::string();
  }
  Secret secret(std::string_view name) {
    Statement statement(*this, "SELECT value FROM setting WHERE name = ?");
    statement.bind(name);
    return statement.step() ? Secret(statement.blob(0)) : Secret();
  }
  void put(std::string_view name, std::string_view content) {
    Statement statement(*this, "INSERT OR REPLACE INTO setting VALUES (?, ?)");
    statement.bind(name).bindBlob(content).run();
  }

  int64_t next(std::string_view name) {
    Statement statement(*this, "SELECT value FROM counter WHERE name = ?");
    statement.bind(name);
    return statement.step() ? statement.number(0) : 0;
  }
  void putNext(std::string_view name, int64_t next) {
    Statement statement(*this, "INSERT OR REPLACE INTO counter VALUES (?, ?)");
    statement.bind(name).bind(next).run();
  }

  // ---- tables

  void putLabels(const std::map<std::string, std::string>& labels) {
    run("DELETE FROM label");
    Statement statement(*this, "INSERT INTO label VALUES (?, ?)");
    for (const auto& [name, content] : labels) statement.bind(name).bind(content).run();
  }

  void putMembers(const std::vector<Seed>& members) {
    run("DELETE FROM member");
    Statement statement(*this, "INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?, ?)");
    for (const Seed& each : members) {
      std::string host = each.gossip.host();
      statement.bind(each.id.text()).bind(each.name).bind(host);
      statement.bind(int64_t{each.gossip.port}).bind(int64_t{each.apiPort}).run();
    }
  }

  void putRemoved(const std::vector<NodeId>& removed) {
    run("DELETE FROM removed_member");
    Statement statement(*this, "INSERT OR REPLACE INTO removed_member VALUES (?)");
    for (const NodeId& each : removed) statement.bind(each.text()).run();
  }

  // ---- reading what may have been tampered with

  NodeId id(std::string_view text) const {
    std::optional<NodeId> parsed = NodeId::parse(text);
    if (!parsed) throw StoreError(damaged() + ": it has an invalid node id");
    return *parsed;
  }
  NodeId idOr(const std::string& text, const NodeId& otherwise) const {
    return text.empty() ? otherwise : id(text);
  }
  uint16_t port(int64_t number) const {
    if (number < 0 || number > std::numeric_limits<uint16_t>::max())
      throw StoreError(damaged() + ": it has an invalid port");
    return static_cast<uint16_t>(number);
  }
  Seed seed(Statement& row) const {
    Seed seed;
    seed.id = id(row.blob(0));
    seed.name = row.blob(1);
    std::optional<Endpoint> gossip = Endpoint::parse(std::string(row.blob(2)), port(row.number(3)));
    if (!gossip) throw StoreError(damaged() + ": it has an invalid address");
    seed.gossip = *gossip;
    seed.apiPort = port(row.number(4));
    return seed;
  }

  std::string path_;
  std::unique_ptr<sqlite3, Free> database_;
};

Store::Store(const std::string& directory) : directory_(directory) {
  try {
    impl();
  } catch (const StoreUnwritable&) {
    // The first call says so.
  }
}
Store::~Store() = default;

Store::Impl& Store::impl() {
  if (!impl_) impl_ = std::make_unique<Impl>(directory_);
  return *impl_;
}

Saved Store::load() {
  return impl().load();
}

void Store::save(const Change& change) {
  impl().save(change);
}

uint64_t Store::reserve(uint64_t block) {
  return impl().reserve(block);
}

void Store::reserveAbove(uint64_t used) {
  impl().reserveAbove(used);
}

uint64_t Store::beginSession() {
  return impl().beginSession();
}

void Store::forget() {
  impl().forget();
}

}  // namespace cluster
