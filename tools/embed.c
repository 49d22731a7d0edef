/*
 * embed: makes an assembler file that carries every file beneath a folder, and a table of
 * (name, bytes, length) over them. Run by the build:
 *
 *     embed FOLDER OUT.S OUT.d SYMBOL
 *
 * OUT.d tells ninja what it was made of, folders included, so that a new file is noticed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 20000
#define DEPTH_MAX 16

struct embed {
    const char *root;
    char *files[FILES_MAX]; /* relative to the root */
    size_t n_files;
    FILE *depfile;
};

static void die(const char *what, const char *path)
{
    fprintf(stderr, "embed: %s: %s\n", path, what);
    exit(1);
}

static char *join(const char *left, const char *right)
{
    size_t size = strlen(left) + strlen(right) + 2;
    char *path = malloc(size);
    if (!path)
        die("no memory", left);
    snprintf(path, size, "%s%s%s", left, *left && *right ? "/" : "", right);
    return path;
}

/* Names go into assembler strings and into paths on other machines: only plain characters. */
static bool plain_name(const char *name)
{
    return name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+")] == '\0';
}

static void collect(struct embed *embed, const char *relative, unsigned depth)
{
    struct dirent **entries;
    char *folder = join(embed->root, relative);
    int n = scandir(folder, &entries, NULL, alphasort);
    if (n < 0)
        die(strerror(errno), folder);
    if (depth > DEPTH_MAX)
        die("folders nested too deep", folder);
    fprintf(embed->depfile, " %s", folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct stat st;
        if (name[0] == '.')
            goto next;
        if (!plain_name(name))
            die("a name may have letters, digits and ._-+ only", name);
        char *inner = join(relative, name);
        char *path = join(embed->root, inner);
        if (stat(path, &st) < 0)
            die(strerror(errno), path);
        if (S_ISDIR(st.st_mode)) {
            collect(embed, inner, depth + 1);
        } else {
            if (embed->n_files == FILES_MAX)
                die("too many files", path);
            fprintf(embed->depfile, " %s", path);
            embed->files[embed->n_files++] = join("", inner);
        }
        free(path);
        free(inner);
    next:
        free(entries[i]);
    }
    free(entries);
    free(folder);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_assembler(const struct embed *embed, FILE *out, const char *symbol)
{
    fputs("    .section .rodata\n", out);
    for (size_t i = 0; i < embed->n_files; i++) {
        fprintf(out, ".Lname%zu: .asciz \"%s\"\n", i, embed->files[i]);
        fprintf(out, "    .balign 16\n.Lbytes%zu: .incbin \"%s/%s\"\n.Lend%zu: .byte 0\n", i,
                embed->root, embed->files[i], i);
    }
    fprintf(out,
            "    .section .data.rel.ro,\"aw\",%%progbits\n    .balign 8\n    .globl %s\n"
            "    .type %s, %%object\n%s:\n",
            symbol, symbol, symbol);
    for (size_t i = 0; i < embed->n_files; i++)
        fprintf(out, "    .quad .Lname%zu, .Lbytes%zu, .Lend%zu - .Lbytes%zu\n", i, i, i, i);
    fprintf(out, "    .quad 0, 0, 0\n    .size %s, . - %s\n", symbol, symbol);
    fputs("    .section .note.GNU-stack,\"\",%progbits\n", out);
}

int main(int argc, char **argv)
{
    static struct embed embed;
    if (argc != 5) {
        fputs("usage: embed FOLDER OUT.S OUT.d SYMBOL\n", stderr);
        return 2;
    }
    embed.root = argv[1];
    embed.depfile = fopen(argv[3], "w");
    FILE *out = fopen(argv[2], "w");
    if (!out || !embed.depfile)
        die(strerror(errno), argv[2]);
    fprintf(embed.depfile, "%s:", argv[2]);
    collect(&embed, "", 0);
    fputc('\n', embed.depfile);
    qsort(embed.files, embed.n_files, sizeof(embed.files[0]), by_name);
    write_assembler(&embed, out, argv[4]);
    for (size_t i = 0; i < embed.n_files; i++)
        free(embed.files[i]);
    return fclose(out) == 0 && fclose(embed.depfile) == 0 ? 0 : 1;
}
