// Labels as the table holds them: a text of up to 31 bytes in four words, and the site of its key.
// On the host's threads: no allocation, no lock, no system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <tasks/protocol/table_layout.hpp>

#include "record_writer.hpp"

namespace tasks::agent {

using LabelWords = std::array<std::uint64_t, 4>;
inline constexpr std::size_t label_bytes = sizeof(LabelWords) - 1; // the last one says whether it was cut

/// How much of a text is kept: up to its first zero byte, at most 31 bytes, and no part of a UTF-8 character.
std::size_t kept_bytes(std::string_view text) noexcept;

inline LabelWords label_words(std::string_view text) noexcept {
    LabelWords words{};
    const std::size_t kept = kept_bytes(text);
    auto* bytes = reinterpret_cast<char*>(words.data());
    text.copy(bytes, kept); // of an empty text there may be no address
    bytes[label_bytes] = kept < text.size() ? 1 : 0;
    return words;
}

/// Within a RecordWriter of the record. Key 0: no label; the words count for nothing then.
template <class Words> void put_label(protocol::LabelField& label, std::uint32_t key, const Words& words) noexcept {
    if (key != 0)
        for (std::size_t i = 0; i < label.text.size(); ++i)
            put(label.text[i], words[i]);
    put(label.key, key);
}

/// What a scope keeps of the label that it hides, to bring it back by put_label().
inline std::uint32_t keep_label(const protocol::LabelField& label, std::uint64_t (&words)[4]) noexcept {
    if (label.key != 0)
        std::memcpy(words, label.text.data(), sizeof words);
    return label.key;
}

} // namespace tasks::agent
