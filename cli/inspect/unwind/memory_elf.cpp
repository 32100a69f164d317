#include "unwind/memory_elf.hpp"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tasks::inspect {

namespace {

constexpr std::size_t padding = 16;

Elf64_Ehdr file_header(std::size_t sections, std::uint64_t table) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_shoff = table;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(sections);
    header.e_shstrndx = static_cast<Elf64_Half>(sections - 1);
    return header;
}

class Image {
public:
    void add(const std::string& name, const std::string& content, std::uint32_t type) {
        Elf64_Shdr section{};
        section.sh_name = static_cast<Elf64_Word>(names_.size());
        section.sh_type = type;
        section.sh_offset = sizeof(Elf64_Ehdr) + body_.size();
        section.sh_size = content.size();
        section.sh_addralign = 1;
        names_ += name + '\0';
        body_ += content;
        body_.append(padding - content.size() % padding + padding, '\0');
        table_.push_back(section);
    }

    std::string whole() {
        const auto at = names_.size();
        names_ += ".shstrtab";
        names_ += '\0';
        const std::string names = names_;
        add("", names, SHT_STRTAB);
        table_.back().sh_name = static_cast<Elf64_Word>(at);
        const auto header = file_header(table_.size(), sizeof(Elf64_Ehdr) + body_.size());
        std::string bytes{reinterpret_cast<const char*>(&header), sizeof header};
        bytes += body_;
        bytes.append(reinterpret_cast<const char*>(table_.data()), table_.size() * sizeof table_[0]);
        return bytes;
    }

private:
    std::string names_ = std::string(1, '\0');
    std::string body_;
    std::vector<Elf64_Shdr> table_ = std::vector<Elf64_Shdr>(1);
};

bool write_all(int fd, const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const auto wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        done += static_cast<std::size_t>(wrote);
    }
    return true;
}

} // namespace

std::optional<MemoryElf> MemoryElf::made(const NamedSections& sections) {
    Image image;
    for (const auto& [name, content] : sections)
        if (!content.empty())
            image.add(name, content, SHT_PROGBITS);
    MemoryElf file{::memfd_create("tasks debug information", MFD_CLOEXEC)};
    if (file.fd_ < 0 || !write_all(file.fd_, image.whole()))
        return std::nullopt;
    return file;
}

MemoryElf::~MemoryElf() {
    if (fd_ >= 0)
        ::close(fd_);
}

std::string MemoryElf::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

} // namespace tasks::inspect
