// What is in a file of --from, told by its first bytes as they come: a saved snapshot or a profile. Hands all bytes on
// to the parser of its kind. Does no I/O. One thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "capture/profile_parser.hpp"
#include "capture/profile_stream.hpp"
#include "saved/snapshot_reader.hpp"

namespace tasks::inspect {

class FileParser {
public:
    /// False: no more is wanted; problem() says why, to follow the file's name.
    bool take(std::string_view bytes);

    /// When all bytes have been taken. False likewise.
    bool finish();

    /// Whether there is anything to show.
    bool begun();

    std::string problem() const;

    /// "profile" or "snapshot"; "" before the first bytes came.
    std::string_view kind_word() const noexcept;

    /// When finish(), or begun() of a file that was not read to its end, is true.
    Snapshot snapshot();

private:
    bool decide(std::string_view bytes);

    enum class Kind { unknown, profile, snapshot, core };
    Kind kind_ = Kind::unknown;
    profile::Parser profile_;
    profile::Stream lines_{profile_};
    SnapshotReader saved_;
};

} // namespace tasks::inspect
