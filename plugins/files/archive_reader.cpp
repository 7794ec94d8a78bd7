#include "plugins/files/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "plugins/files/text.hpp"

namespace curfew::files {
namespace {

constexpr std::size_t read_size = 256U << 10U;
constexpr std::int64_t tar_block = 512;

struct ArchiveFree {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
};
using Archive = std::unique_ptr<struct archive, ArchiveFree>;

std::string error_of(struct archive* archive) {
  const char* text = archive_error_string(archive);
  return text != nullptr ? to_clean_utf8(text) : "it is damaged";
}

int open_source(struct archive* archive, const ArchiveSource& source) {
  return source.file >= 0 ? archive_read_open_fd(archive, source.file, read_size)
                          : archive_read_open_memory(archive, source.bytes.data(), source.bytes.size());
}

// Block by block: archive_read_data keeps what it has when the next block is damaged.
class EntryBytes final : public Bytes {
 public:
  EntryBytes(struct archive* archive, std::uint64_t& budget) : archive_(archive), budget_(budget) {}
  std::int64_t read(char* buffer, std::size_t size, std::string& why) override {
    while (at_ == end_ && block_.empty() && !is_over_) {
      if (!warning_.empty()) {
        is_over_ = true;
        why = std::exchange(warning_, {});
        return -1;
      }
      const void* data = nullptr;
      std::size_t length = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive_, &data, &length, &offset);
      if (result == ARCHIVE_EOF) {
        is_over_ = true;
      } else if (result < ARCHIVE_WARN) {
        is_over_ = true;
        is_fatal_ = result == ARCHIVE_FATAL;
        why = error_of(archive_);
        return -1;
      } else {
        // A wrong checksum comes with the last block.
        if (result == ARCHIVE_WARN) warning_ = error_of(archive_);
        block_ = {static_cast<const char*>(data), length};
        end_ = std::max(at_, static_cast<std::uint64_t>(std::max<la_int64_t>(offset, 0)));
      }
    }
    if (at_ == end_ && block_.empty()) return 0;
    if (budget_ == 0) {
      is_over_ = true;
      block_ = {};
      at_ = end_;
      why = "the archive expands to more than its limit";
      return -1;
    }
    // A hole of a sparse member, then the block.
    std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>({size, budget_, end_ - at_}));
    if (count > 0) {
      std::memset(buffer, 0, count);
      at_ += count;
    } else {
      count = static_cast<std::size_t>(std::min<std::uint64_t>({size, budget_, block_.size()}));
      std::memcpy(buffer, block_.data(), count);
      block_.remove_prefix(count);
      at_ = end_ += count;
    }
    budget_ -= count;
    return static_cast<std::int64_t>(count);
  }
  // Nothing of the archive can be read any more, and that was said.
  [[nodiscard]] bool is_fatal() const { return is_fatal_; }

 private:
  struct archive* archive_;
  std::uint64_t& budget_;
  std::string_view block_;
  std::string warning_;
  std::uint64_t at_ = 0, end_ = 0;  // bytes given, and where the block begins
  bool is_over_ = false;
  bool is_fatal_ = false;
};

// What a packed archive is packed from. Apart from the members, so that its own end is read as well.
class Unpacked {
 public:
  explicit Unpacked(std::size_t size) : buffer_(size) {}
  virtual ~Unpacked() = default;
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  static la_ssize_t give(struct archive* to, void* context, const void** buffer) {
    auto& self = *static_cast<Unpacked*>(context);
    const std::int64_t got = self.next();
    if (got < 0) archive_set_error(to, EIO, "%s", self.failure_.c_str());
    *buffer = self.buffer_.data();
    return got < 0 ? ARCHIVE_FATAL : static_cast<la_ssize_t>(got);
  }
  // To the end of the packing, within bounds; empty: all is well.
  std::string drain(std::uint64_t budget) {
    while (failure_.empty()) {
      const std::int64_t got = next();
      if (got <= 0) break;
      if (static_cast<std::uint64_t>(got) > budget) return "the archive expands to more than its limit";
      budget -= static_cast<std::uint64_t>(got);
    }
    return failure_;
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 protected:
  virtual std::int64_t fill() = 0;  // `buffer_`; negative with `failure_`
  std::vector<char> buffer_;
  std::string failure_;

 private:
  std::int64_t next() { return failure_.empty() ? fill() : -1; }
};

// By libarchive: .bz2, .xz, .zst.
class Filtered final : public Unpacked {
 public:
  explicit Filtered(const ArchiveSource& source) : Unpacked(read_size), archive_(archive_read_new()) {
    archive_read_support_filter_all(archive_.get());
    archive_read_support_format_raw(archive_.get());
    archive_read_support_format_empty(archive_.get());
    struct archive_entry* entry = nullptr;
    if (open_source(archive_.get(), source) != ARCHIVE_OK ||
        archive_read_next_header(archive_.get(), &entry) < ARCHIVE_WARN)
      failure_ = error_of(archive_.get());
  }

 private:
  std::int64_t fill() override {
    const la_ssize_t got = archive_read_data(archive_.get(), buffer_.data(), buffer_.size());
    if (got < 0) failure_ = error_of(archive_.get());
    return got;
  }
  Archive archive_;
};

// By zlib: it gives what comes before the damage to the last byte, and compares the checksum. libarchive
// drops up to 64 KiB there, and doesn't.
class Inflated final : public Unpacked {
 public:
  explicit Inflated(const ArchiveSource& source)
      : Unpacked(read_size), source_(source), input_(source.file >= 0 ? read_size : 0) {
    constexpr int gzip = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip) != Z_OK) failure_ = "no memory to unpack it";
  }
  ~Inflated() override { inflateEnd(&stream_); }

 private:
  std::int64_t fill() override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    while (stream_.avail_out == buffer_.size() && !is_over_) {
      if (stream_.avail_in == 0) feed();
      if (stream_.avail_in == 0) {
        if (!between_members_) failure_ = "truncated gzip input";
        is_over_ = true;
        break;
      }
      // Several members are one text; padding behind the last is none.
      if (between_members_ && *stream_.next_in != 0x1F) {
        is_over_ = true;
        break;
      }
      between_members_ = false;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        between_members_ = inflateReset(&stream_) == Z_OK;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        failure_ = std::string("damaged gzip input: ") +
                   (stream_.msg != nullptr ? stream_.msg : "it can't be unpacked any further");
        is_over_ = true;
      }
    }
    const auto got = static_cast<std::int64_t>(buffer_.size() - stream_.avail_out);
    return got == 0 && !failure_.empty() ? -1 : got;
  }
  void feed() {
    if (source_.file >= 0) {
      ssize_t got = 0;
      do {
        got = ::read(source_.file, input_.data(), input_.size());
      } while (got < 0 && errno == EINTR);
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(std::max<ssize_t>(got, 0));
      return;
    }
    const std::string_view part = source_.bytes.substr(0, read_size);
    source_.bytes.remove_prefix(part.size());
    // zlib's own type; it only reads there.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(part.data()));
    stream_.avail_in = static_cast<uInt>(part.size());
  }

  ArchiveSource source_;
  std::vector<char> input_;
  z_stream stream_{};
  bool between_members_ = false;
  bool is_over_ = false;
};

bool is_shadow(std::string_view name) {
  if (name.find("__MACOSX/") != std::string_view::npos) return true;
  const auto slash = name.rfind('/');
  const std::string_view file = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return file.starts_with("._") || file == ".DS_Store";
}

// False when something that ends the reading was said already.
bool read_entries(struct archive* archive, const InputLimits& limits, const Unreadable& unreadable,
                  const TakeInput& take, std::uint64_t& budget) {
  std::string place = "archive";
  std::uint64_t entries = 0;
  std::int64_t end = 0;
  while (true) {
    struct archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive, &entry);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) {
      unreadable(place, error_of(archive));
      return false;
    }
    if (++entries > limits.entries) {
      unreadable(place, "more entries than the limit");
      return false;
    }
    end = archive_filter_bytes(archive, 0) + archive_entry_size(entry);
    const char* given = archive_entry_pathname(entry);
    const std::string name = to_clean_utf8(given != nullptr ? given : "entry " + std::to_string(entries));
    place = "archive, after " + name;
    if (archive_entry_filetype(entry) == AE_IFDIR || is_shadow(name)) continue;
    EntryBytes bytes(archive, budget);
    take(name, bytes);
    if (bytes.is_fatal() || budget == 0) return false;
  }
  // A tar's end is marked. One that was cut off between two members lacks nothing else.
  const bool is_tar = (archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR;
  const std::int64_t padded = (end + tar_block - 1) / tar_block * tar_block;
  if (is_tar && archive_filter_bytes(archive, 0) <= padded) {
    unreadable(place, "it ends without the mark of an archive's end: members may be missing");
    return false;
  }
  return true;
}

}  // namespace

void read_archive(ArchiveSource source, const InputLimits& limits, const Unreadable& unreadable,
                  const TakeInput& take) {
  std::uint64_t budget = limits.expanded_bytes;
  const Archive archive(archive_read_new());
  archive_read_support_format_tar(archive.get());
  archive_read_support_format_zip(archive.get());
  archive_read_support_format_7zip(archive.get());
  archive_read_support_format_cpio(archive.get());

  std::string head(8, '\0');
  if (source.file >= 0) {
    const ssize_t got = ::pread(source.file, head.data(), head.size(), 0);
    head.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  } else {
    head = source.bytes.substr(0, head.size());
  }
  const bool is_packed = head.starts_with("\x1f\x8b") || head.starts_with("BZh") ||
                         head.starts_with("\xfd") || head.starts_with("\x28\xb5\x2f\xfd");
  if (!is_packed) {
    if (open_source(archive.get(), source) != ARCHIVE_OK) {
      unreadable("archive", error_of(archive.get()));
    } else {
      read_entries(archive.get(), limits, unreadable, take, budget);
    }
    return;
  }
  archive_read_support_format_raw(archive.get());  // a lone file
  std::unique_ptr<Unpacked> unpacked;
  if (head.starts_with("\x1f\x8b")) {
    unpacked = std::make_unique<Inflated>(source);
  } else {
    unpacked = std::make_unique<Filtered>(source);
  }
  if (!unpacked->failure().empty() ||
      archive_read_open(archive.get(), unpacked.get(), nullptr, &Unpacked::give, nullptr) != ARCHIVE_OK) {
    unreadable("archive", unpacked->failure().empty() ? error_of(archive.get()) : unpacked->failure());
    return;
  }
  if (!read_entries(archive.get(), limits, unreadable, take, budget)) return;
  const std::string failure = unpacked->drain(budget);
  if (!failure.empty()) unreadable("archive, after its last member", failure);
}

}  // namespace curfew::files
