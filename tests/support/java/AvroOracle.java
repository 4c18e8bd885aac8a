// Reads values with Avro for Java; questions and answers are those of plan_read.c.
// java -cp 'jars/*' AvroOracle.java

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.util.Utf8;

public class AvroOracle {
    static final ObjectMapper json = new ObjectMapper();
    static final HexFormat hex = HexFormat.of();

    static String bytes(byte[] bytes, int size) {
        return "{\"b\":\"" + hex.formatHex(bytes, 0, size) + "\"}";
    }

    static String real(double value) {
        return String.format("{\"f\":\"%016x\"}", Double.doubleToRawLongBits(value));
    }

    static String print(Schema schema, Object value) {
        switch (schema.getType()) {
        case UNION:
            int branch = GenericData.get().resolveUnion(schema, value);
            return "{\"u\":" + branch + ",\"v\":" + print(schema.getTypes().get(branch), value) + "}";
        case RECORD:
            StringBuilder fields = new StringBuilder();
            for (Schema.Field field : schema.getFields()) {
                fields.append(fields.length() > 0 ? "," : "").append('"').append(field.name()).append("\":");
                fields.append(print(field.schema(), ((IndexedRecord) value).get(field.pos())));
            }
            return "{\"r\":{" + fields + "}}";
        case ENUM:
            return "{\"e\":\"" + value + "\"}";
        case FIXED:
            return bytes(((GenericFixed) value).bytes(), schema.getFixedSize());
        case BYTES:
            ByteBuffer buffer = ((ByteBuffer) value).duplicate();
            byte[] copy = new byte[buffer.remaining()];
            buffer.get(copy);
            return bytes(copy, copy.length);
        case STRING:
            Utf8 text = value instanceof Utf8 ? (Utf8) value : new Utf8(value.toString());
            return bytes(text.getBytes(), text.getByteLength());
        case FLOAT:
            return real(((Float) value).doubleValue());
        case DOUBLE:
            return real((Double) value);
        default:
            return String.valueOf(value); // null, boolean, int, long
        }
    }

    static String error(Throwable e) throws Exception {
        return "{\"error\":" + json.writeValueAsString(e.getClass().getSimpleName() + ": " + e.getMessage()) + "}";
    }

    static String read(Schema writer, Schema reader, byte[] bytes) throws Exception {
        try {
            BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, null);
            Object value = new GenericDatumReader<Object>(writer, reader).read(null, decoder);
            if (!decoder.isEnd())
                throw new IllegalStateException("bytes are left");
            return print(reader, value);
        } catch (Exception | StackOverflowError | OutOfMemoryError e) {
            return error(e);
        }
    }

    static String answer(JsonNode question) throws Exception {
        StringBuilder values = new StringBuilder();
        try {
            Schema writer = new Schema.Parser().parse(question.get("writer").toString());
            Schema reader = new Schema.Parser().parse(question.get("reader").toString());
            for (JsonNode value : question.get("values")) {
                values.append(values.length() > 0 ? "," : "");
                values.append(read(writer, reader, hex.parseHex(value.textValue())));
            }
        } catch (RuntimeException e) {
            return error(e);
        }
        return "{\"values\":[" + values + "]}";
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(answer(json.readTree(line)));
            out.flush();
        }
    }
}
