#include "capture/file_parser.hpp"

#include "saved/snapshot_format.hpp"

namespace tasks::inspect {

/// One byte tells: a profile begins with "tasks profile", a snapshot with a line feed, a core with 0x7f.
bool FileParser::decide(std::string_view bytes) {
    constexpr char elf_mark = '\x7f';
    if (kind_ == Kind::unknown && !bytes.empty()) {
        const char first = bytes.front();
        kind_ = first == saved::first_bytes.front() ? Kind::snapshot : first == elf_mark ? Kind::core : Kind::profile;
    }
    return kind_ != Kind::core;
}

bool FileParser::take(std::string_view bytes) {
    return decide(bytes) && (kind_ == Kind::snapshot ? saved_.take(bytes) : lines_.take(bytes));
}

bool FileParser::finish() { return kind_ == Kind::snapshot ? saved_.begun() : kind_ != Kind::core && lines_.finish(); }

bool FileParser::begun() {
    return kind_ == Kind::snapshot ? saved_.begun() : kind_ == Kind::profile && profile_.begun();
}

std::string FileParser::problem() const {
    return kind_ == Kind::core       ? "is an ELF file; give a core with --core"
           : kind_ == Kind::snapshot ? saved_.problem()
                                     : profile_.problem();
}

std::string_view FileParser::kind_word() const noexcept {
    return kind_ == Kind::snapshot ? "snapshot " : kind_ == Kind::core ? "" : "profile ";
}

Snapshot FileParser::snapshot() { return kind_ == Kind::snapshot ? saved_.finish() : profile_.finish(); }

} // namespace tasks::inspect
