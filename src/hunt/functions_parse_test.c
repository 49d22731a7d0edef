/* URLs, paths, command lines, versions, user agents. */
#include "hunt/functions_test.h"

const struct function_case parse_cases[] = {
    {"parse_url('scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment')",
     "{\"Scheme\":\"scheme\",\"Host\":\"host\",\"Port\":\"1234\",\"Path\":\"/this/is/a/path\","
     "\"Username\":\"username\",\"Password\":\"password\","
     "\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"v2\"},\"Fragment\":\"fragment\"}"},
    {"tostring(parse_url('https://[::1]:8443/').Host)", "[::1]"},
    {"tostring(parse_url('https://bing.com').Host)", "bing.com"},
    {"parse_urlquery('k1=v1&k2=v2')", "{\"Query Parameters\":{\"k1\":\"v1\",\"k2\":\"v2\"}}"},
    {"parse_path('C:\\\\temp\\\\file.txt')",
     "{\"Scheme\":\"\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:\\\\temp\",\"DirectoryName\":"
     "\"temp\","
     "\"Filename\":\"file.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"\"}"},
    {"parse_path('file://C:/temp/file.txt:some.exe')",
     "{\"Scheme\":\"file\",\"RootPath\":\"C:\",\"DirectoryPath\":\"C:/"
     "temp\",\"DirectoryName\":\"temp\","
     "\"Filename\":\"file.txt\",\"Extension\":\"txt\",\"AlternateDataStreamName\":\"some.exe\"}"},
    {"tostring(parse_path('/usr/lib/temp/file.tar.gz').Extension)", "gz"},
    {"parse_command_line('echo \"hello world!\"', 'windows')", "[\"echo\",\"hello world!\"]"},
    {"parse_command_line(@'a\\b \"c\\\\\" d')", "[\"a\\\\b\",\"c\\\\\",\"d\"]"},
    {"parse_csv('aaa,\"b,b\"\"b\",')", "[\"aaa\",\"b,b\\\"b\",\"\"]"},
    {"parse_version('0.0.0.5') < parse_version('0.0.7.0')", "true"},
    {"parse_version('1.2') == parse_version('1.2.0.0')", "true"},
    {"isnull(parse_version('1.x'))", "true"},
    {"parse_user_agent('Mozilla/5.0 (Windows; U; en-US) AppleWebKit/531.9 (KHTML, like Gecko) "
     "AdobeAIR/2.5.1', 'browser')",
     "{\"Browser\":{\"Family\":\"AdobeAIR\",\"MajorVersion\":\"2\",\"MinorVersion\":\"5\","
     "\"Patch\":\"1\"}}"},
    {"parse_user_agent('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
     "Gecko) Chrome/115.0.0.0 Safari/537.36 Edg/115.0.1901.183', "
     "dynamic(['browser','os'])).OperatingSystem.MajorVersion",
     "\"10\""},
    {"parse_xml('<e/>')", "{\"e\":null}"},
    {"parse_xml('<e>text</e>')", "{\"e\":\"text\"}"},
    {"parse_xml('<e name=\"value\" />')", "{\"e\":{\"@name\":\"value\"}}"},
    {"parse_xml('<e name=\"value\">text</e>')", "{\"e\":{\"@name\":\"value\",\"#text\":\"text\"}}"},
    {"parse_xml('<e> <a>text</a> <b>text</b> </e>')", "{\"e\":{\"a\":\"text\",\"b\":\"text\"}}"},
    {"parse_xml('<e> <a>text</a> <a>text</a> </e>')", "{\"e\":{\"a\":[\"text\",\"text\"]}}"},
    {"parse_xml('<e> text <a>text</a> </e>')", "{\"e\":{\"#text\":\"text\",\"a\":\"text\"}}"},
    {"parse_xml('<?xml version=\"1.0\"?><!-- c --><e>&lt;&#65;&amp;<![CDATA[<x>]]></e>').e",
     "{\"#text\":[\"<A&\",\"<x>\"]}"},
    {"parse_xml('<e><a></e></a>')", "NULL"},
    {"parse_xml('<e>')", "NULL"},
    {"parse_xml('')", "NULL"},
    {"parse_xml('<EventData><Data Name=\"A\">1</Data><Data Name=\"B\">2</Data></EventData>')"
     ".EventData.Data[1]['#text']",
     "\"2\""},
    {0},
};
