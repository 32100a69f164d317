// Labels as the table holds them: a text of up to 31 bytes in four words, and the site of its key. Beside the key lies
// the scope of the leak check that a task started in, which it hands on to what it starts, with a label or without.
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

/// Key and scope in one store: they lie side by side in eight bytes.
inline void put_key_and_scope(protocol::LabelField& label, std::uint64_t word) noexcept {
    using Word [[gnu::may_alias]] = std::uint64_t;
    __atomic_store_n(static_cast<Word*>(static_cast<void*>(&label.key)), word, __ATOMIC_RELEASE);
}

inline std::uint64_t key_and_scope(const protocol::LabelField& label) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, &label.key, sizeof word);
    return word;
}

/// What a task that starts has of the one that starts it. Within a RecordWriter of the record, or while it is nobody's.
inline void inherit_label(protocol::LabelField& label, const protocol::LabelField& from) noexcept {
    const std::uint64_t word = key_and_scope(from);
    if (static_cast<std::uint32_t>(word) != 0)
        for (std::size_t i = 0; i < label.text.size(); ++i)
            put(label.text[i], from.text[i]);
    put_key_and_scope(label, word);
}

/// What a scope keeps of the label that it hides, to bring it back by put_label().
inline std::uint32_t keep_label(const protocol::LabelField& label, std::uint64_t (&words)[4]) noexcept {
    if (label.key != 0)
        std::memcpy(words, label.text.data(), sizeof words);
    return label.key;
}

} // namespace tasks::agent
